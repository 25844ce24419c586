"""Pretrained networks with fixed weights inside a trained module."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class Frozen(nn.Module, Generic[M]):
    """Holds a pretrained network outside the module tree, so that nothing trains, saves or synchronises its weights.

    The network is always in eval mode and its weights get no gradient, while gradients flow through it to its input.
    It follows the parent module to another device or precision. It is no registered submodule: it appears in no
    ``state_dict``, ``parameters()``, optimiser or DDP bucket, so the checkpoint of the parent holds the trainable
    weights alone and still loads strictly.

    Args:
        network: the network; it is switched to eval mode, and its weights to ``requires_grad=False``, in place.
    """

    def __init__(self, network: M):
        super().__init__()
        network.eval().requires_grad_(False)
        self._held = (network,)  # nn.Module registers a module, but not a tuple of them
        super().train(False)

    @property
    def network(self) -> M:
        """The network itself, for methods other than ``forward``."""
        return self._held[0]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.network(*args, **kwargs)

    def train(self, mode: bool = True) -> Self:
        """Stays in eval mode."""
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Moves and casts the network together with the parent (``.to``, ``.cuda``, ``.half`` come through here)."""
        self.network._apply(fn, recurse)  # type: ignore[no-untyped-call]  # untyped in torch
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def extra_repr(self) -> str:
        return type(self.network).__name__
