"""Networks whose features measure images: LPIPS or the pack's own, and Inception for FID."""

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import PackError
from riddle_pl.judging.judge import PackNetwork
from riddle_pl.judging.measures import PERCEPTUAL
from riddle_pl.packs import Pack


class PerceptualFeatures(PackNetwork):
    """Feature maps of a pack's ``perceptual`` network. What they measure depends on its architecture.

    Args:
        pack: ``ffhq256`` has LPIPS's VGG trunk (to be fetched or imported), the lite pack features of its own.
        role: in the pack.
        device: where it runs.
        note: see :class:`Judge`.

    Raises:
        PackError: the pack has no such network, or it is another.
    """

    def __init__(self, pack: Pack, role: str = "perceptual", device: str = "auto", note: str = ""):
        super().__init__(pack, role, device, note)
        arch = pack.entry(role).arch
        if arch not in PERCEPTUAL:
            raise PackError(f"{role} of pack {pack.name} is a {arch}; expected {' or '.join(PERCEPTUAL)}")
        self.measure = PERCEPTUAL[arch]
        self.name = str(self.measure)

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
