"""Faster training on codes with equal layers: one token per group gives the same result."""

from itertools import accumulate
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor


@runtime_checkable
class GroupwiseEncryptor(Protocol):
    """An encryptor without attention between groups of layers."""

    groups: tuple[int, ...]
    equal_tokens_stay_equal: bool

    def on_groups(self, w: Float[Tensor, "b g d"], w_pwd: Float[Tensor, "b g d"]) -> Float[Tensor, "b g d"]: ...


class OnePerGroup:
    """T(w, w_pwd) on the first layer of each group.

    Args:
        encryptor: T.
    """

    def __init__(self, encryptor: GroupwiseEncryptor):
        self.encryptor = encryptor
        self.repeats = encryptor.groups
        self.first = [0, *accumulate(encryptor.groups)][:-1]

    def pick(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b g d"]:
        """The first layer of each group."""
        return w[:, self.first]

    def __call__(self, w: Float[Tensor, "b g d"], w_pwd: Float[Tensor, "b g d"]) -> Float[Tensor, "b g d"]:
        return self.encryptor.on_groups(w, w_pwd)
