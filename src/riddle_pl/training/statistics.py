"""Initialises an encryptor with the mean and deviation of the training codes, before the first step."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn

STATISTICS_SAMPLES = 8_000
"""Number of codes."""


@runtime_checkable
class TakesStatistics(Protocol):
    """An encryptor that works on codes of zero mean and unit deviation."""

    def set_latent_statistics(self, mean: Float[Tensor, "d"], std: Float[Tensor, "d"]) -> None: ...


@runtime_checkable
class FitsLatents(Protocol):
    """An encryptor that works on the principal components of the codes."""

    def fit_latents(self, w: Float[Tensor, "m n d"]) -> None: ...


@runtime_checkable
class StartsAtCodes(Protocol):
    """An encryptor whose outputs are initialised to the distribution of the codes."""

    def start_at(self, mean: Float[Tensor, "d"], std: Float[Tensor, "d"]) -> None: ...


def fit_to_codes(encryptor: nn.Module, w: Float[Tensor, "b n d"]) -> None:
    """Initialises an encryptor from the distribution of the training codes.

    Args:
        encryptor: with ``set_latent_statistics(mean, std)``, ``fit_latents(w)`` or ``start_at(mean, std)``; others are
            left as they are.
        w: codes of training faces. Inverted photos lie partly outside of W, so W's own statistics would not do.
    """
    codes = w.flatten(0, 1)
    mean, std = codes.mean(dim=0), codes.std(dim=0)
    if isinstance(encryptor, TakesStatistics):
        encryptor.set_latent_statistics(mean, std.clamp(min=0.01 * float(std.mean())))
    elif isinstance(encryptor, FitsLatents):
        encryptor.fit_latents(w)
    elif isinstance(encryptor, StartsAtCodes):
        encryptor.start_at(mean, std)
