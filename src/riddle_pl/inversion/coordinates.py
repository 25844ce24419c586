"""Search spaces of an optimised inversion: W+, or the coordinates of a code model."""

from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor


class Coordinates(Protocol):
    """Coordinates of a code, with a regularisation cost."""

    def start(self) -> Float[Tensor, "b ..."]:
        """The coordinates of the encoder's code."""

    def decode(self, v: Float[Tensor, "b ..."]) -> Float[Tensor, "b n d"]:
        """Coordinates to W+ codes."""

    def cost(self, v: Float[Tensor, "b ..."]) -> Float[Tensor, "b"]:
        """Regularisation cost per face."""


class CodeModel(Protocol):
    """Coordinates in which codes of faces are about normal: of the pack, or of a padded encryptor."""

    dim: int

    def encode(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b k"]: ...

    def decode(self, v: Float[Tensor, "b k"]) -> Float[Tensor, "b n d"]: ...

    def energy(self, v: Float[Tensor, "b k"]) -> Float[Tensor, "b"]: ...


class AroundStart:
    """Steps from the encoder's code, in standard deviations of W.

    Args:
        w_0: the encoder's codes.
        deviation: standard deviation of W.
        start: weight of ‖w - w_0‖².
        spread: weight of Σ_i ‖w_i - mean_i w_i‖².
    """

    def __init__(self, w_0: Float[Tensor, "b n d"], deviation: float, start: float, spread: float):
        self.w_0 = w_0
        self.deviation = deviation
        self.weights = (start, spread)

    def start(self) -> Float[Tensor, "b n d"]:
        return torch.zeros_like(self.w_0)

    def decode(self, v: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        return self.w_0 + self.deviation * v

    def cost(self, v: Float[Tensor, "b n d"]) -> Float[Tensor, "b"]:
        start, spread = self.weights
        w = self.decode(v)
        offsets = (w - w.mean(dim=1, keepdim=True)) / self.deviation
        return start * v.square().mean(dim=(1, 2)) + spread * offsets.square().mean(dim=(1, 2))


class InCodeModel:
    """The coordinates of a code model; the cost is the model's energy, divided by the width of w.

    Args:
        w_0: the encoder's codes.
        model: the code model.
        prior: weight of the energy.
    """

    def __init__(self, w_0: Float[Tensor, "b n d"], model: CodeModel, prior: float):
        self.w_0 = w_0
        self.model = model
        self.prior = prior

    def start(self) -> Float[Tensor, "b k"]:
        return self.model.encode(self.w_0).to(self.w_0.dtype)

    def decode(self, v: Float[Tensor, "b k"]) -> Float[Tensor, "b n d"]:
        return self.model.decode(v).to(v.dtype)

    def cost(self, v: Float[Tensor, "b k"]) -> Float[Tensor, "b"]:
        return self.prior * self.model.energy(v) / self.model.dim
