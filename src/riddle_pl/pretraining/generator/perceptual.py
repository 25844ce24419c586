"""Discriminator features as an image distance, and as the pack's perceptual features."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.losses.perceptual import perceptual_distance
from riddle_pl.networks.features import PackFeatures
from riddle_pl.pretraining.generator.discriminator import Discriminator
from riddle_pl.pretraining.recipe import PackRole

FEATURE_LEVELS = 3
BATCH = 16


def feature_difference(
    network: Discriminator, redrawn: Float[Tensor, "r 3 h w"], real: Float[Tensor, "r 3 h w"]
) -> Float[Tensor, ""]:
    """Mean absolute difference of feature maps, averaged over levels."""
    with torch.no_grad():
        seen = network.block_maps(real)
    maps = zip(network.block_maps(redrawn), seen, strict=True)
    return torch.stack([F.l1_loss(ours.float(), true.float()) for ours, true in maps]).mean()


@torch.no_grad()
def strangers_distance(features: nn.Module, x: Float[Tensor, "b 3 h h"]) -> float:
    """Mean perceptual distance of each image from the next one: what ``PackFeatures`` takes as ``strangers``.

    Args:
        x: images of different people in [-1, 1].
    """
    maps = [torch.cat(level) for level in zip(*map(features, x.split(BATCH)), strict=True)]
    return round(float(perceptual_distance(maps, [level.roll(1, dims=0) for level in maps]).mean()), 2)


def perceptual_role(
    discriminator: Discriminator, channels: Mapping[int, int], real: Float[Tensor, "b 3 h h"]
) -> PackRole:
    """The first blocks of the discriminator, as the pack's perceptual features.

    Args:
        discriminator: trained.
        channels: its feature maps per resolution.
        real: images in [-1, 1] to which the features' scale is fitted.
    """
    sides = sorted(channels, reverse=True)
    widths = [channels[side] for side in sides[: FEATURE_LEVELS + 1]]
    features = PackFeatures(widths)
    own = features.state_dict()
    trained = discriminator.state_dict()
    features.load_state_dict({key: trained.get(key, value) for key, value in own.items()})
    features.fit_scale(real)
    strangers = strangers_distance(features, real)
    description = f"""
Perceptual features (`pack_features`): the first {FEATURE_LEVELS} blocks of the discriminator of this pack's generator.
They take the place that LPIPS has in packs with an ImageNet trunk. They are not LPIPS, and no figure made with them
may be called so. They know aligned faces of {real.shape[-1]} px only.
"""
    return PackRole("perceptual", features, "pack_features", {"widths": widths, "strangers": strangers}, description)
