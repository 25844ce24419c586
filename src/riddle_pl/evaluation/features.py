"""Networks whose features measure images: LPIPS or the pack's own, and Inception for FID."""

from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.device import resolve_device
from riddle_pl.errors import PackError
from riddle_pl.evaluation.judge import Judge
from riddle_pl.packs import Pack

MEASURES = {"lpips_vgg": "LPIPS (VGG)", "pack_features": "pack_features"}
"""Name of the distance by architecture of the features."""


class PackNetwork(Judge):
    """A judge whose network lies in a pack.

    Args:
        pack: where its weights are.
        role: in the pack.
        device: where it runs.
        note: see :class:`Judge`.
    """

    def __init__(self, pack: Pack, role: str, device: str = "auto", note: str = ""):
        self.pack = pack
        self.role = role
        self.device = device
        self.note = note

    def missing(self) -> str | None:
        resolve_device(self.device)
        try:
            self.pack.verify(self.role)
        except PackError as error:
            return str(error)
        return None

    @cached_property
    def fingerprint(self) -> str:
        return f"pack {self.pack.fingerprint(self.role)}"

    @cached_property
    def network(self) -> nn.Module:
        """On its device; loaded when it is first needed."""
        return self.pack.load(self.role).to(resolve_device(self.device))

    def on_device(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Where the network is."""
        return x.to(resolve_device(self.device))


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
