"""Differentiable augmentation of real and generated images alike (Zhao et al., NeurIPS 2020, "DiffAugment")."""

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError, suggestion


def _uniform(x: Tensor, low: float, high: float) -> Tensor:
    return torch.empty(x.shape[0], 1, 1, 1, device=x.device, dtype=x.dtype).uniform_(low, high)


def jitter_colour(x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Random brightness (± 0.5 of a range of 2), saturation (0 to 2) and contrast (0.5 to 1.5)."""
    x = x + _uniform(x, -0.5, 0.5)
    grey = x.mean(dim=1, keepdim=True)
    x = grey + (x - grey) * _uniform(x, 0.0, 2.0)
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (x - mean) * _uniform(x, 0.5, 1.5)


def translate(x: Float[Tensor, "b 3 h w"], ratio: float = 0.125) -> Float[Tensor, "b 3 h w"]:
    """Shifts by up to ``ratio`` of the side, zeros outside."""
    batch, _, height, width = x.shape
    reach = int(height * ratio + 0.5)
    padded = F.pad(x, [reach] * 4)
    rows = torch.randint(0, 2 * reach + 1, (batch, 1), device=x.device) + torch.arange(height, device=x.device)
    columns = torch.randint(0, 2 * reach + 1, (batch, 1), device=x.device) + torch.arange(width, device=x.device)
    samples = torch.arange(batch, device=x.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[samples, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cut_out(x: Float[Tensor, "b 3 h w"], ratio: float = 0.5) -> Float[Tensor, "b 3 h w"]:
    """Zeroes one square of ``ratio`` of the side, anywhere."""
    batch, _, height, width = x.shape
    half = ratio / 2
    centre_y = torch.rand(batch, 1, 1, 1, device=x.device)
    centre_x = torch.rand(batch, 1, 1, 1, device=x.device)
    y = (torch.arange(height, device=x.device) + 0.5)[None, None, :, None] / height
    columns = (torch.arange(width, device=x.device) + 0.5)[None, None, None, :] / width
    hidden = ((y - centre_y).abs() < half) & ((columns - centre_x).abs() < half)
    return x * (~hidden).to(x.dtype)


AUGMENTATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "colour": jitter_colour,
    "translation": translate,
    "cutout": cut_out,
}
"""The three parts of the original's policy, by name."""


class Augmentation:
    """Some of :data:`AUGMENTATIONS`, one after the other.

    Augmentations may leak into generated images; all three are for small data sets.

    Raises:
        ConfigError: a name is unknown.
    """

    def __init__(self, names: Sequence[str]):
        for name in names:
            if name not in AUGMENTATIONS:
                raise ConfigError(f"recipe.judging.augmentations: {name} is unknown; {suggestion(name, AUGMENTATIONS)}")
        self.steps = [AUGMENTATIONS[name] for name in names]

    def __call__(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        for step in self.steps:
            x = step(x)
        return x
