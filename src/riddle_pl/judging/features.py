"""Networks whose features measure images: LPIPS or the pack's own, and Inception for FID."""

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.judging.judge import PackNetwork
from riddle_pl.packs import Pack

MEASURES = {"lpips_vgg": "LPIPS (VGG)", "pack_features": "pack_features"}
"""Name of the distance by architecture of the features."""


class PerceptualFeatures(PackNetwork):
    """Feature maps of a pack's ``perceptual`` network. What they measure is named after its architecture.

    Args:
        pack: ``ffhq256`` has LPIPS's VGG trunk (to be fetched or imported), the lite pack features of its own.
        role: in the pack.
        device: where it runs.
        note: see :class:`Judge`.
    """

    def __init__(self, pack: Pack, role: str = "perceptual", device: str = "auto", note: str = ""):
        super().__init__(pack, role, device, note)
        arch = pack.entry(role).arch
        self.name = MEASURES.get(arch, arch)

    @torch.no_grad()
    def maps(self, x: Float[Tensor, "b 3 h h"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Feature maps of images in [-1, 1]."""
        maps: list[Tensor] = self.network(self.on_device(x))
        return maps


class InceptionFeatures(PackNetwork):
    """The 2048 pooled features of the Inception network of 2015, on which FID is defined.

    Args:
        pack: the pack of evaluators.
        role: in the pack.
        device: where it runs.
    """

    name = "inception"

    def __init__(self, pack: Pack, role: str = "inception", device: str = "auto"):
        super().__init__(pack, role, device)

    @torch.no_grad()
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 2048"]:
        """Features of images in [-1, 1] of any size."""
        features: Tensor = self.network(self.on_device(x))
        return features.cpu()
