"""Interface and common networks of the inversions."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.device import resolve_device
from riddle_pl.networks.fuse_batch_norms import fuse_batch_norms
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.networks.resize import resize
from riddle_pl.packs import Pack


class Inversion(ABC):
    """Finds the codes w of aligned faces. Each network is loaded when it is first needed.

    Args:
        pack: the networks.
        device: where they run: auto, cpu, cuda or cuda:N.
    """

    name: ClassVar[str]
    roles: ClassVar[tuple[str, ...]]
    """What it needs of a pack; each is an attribute of this name."""

    def __init__(self, pack: Pack, device: str = "auto"):
        self.pack = pack
        self.device_name = device

    @cached_property
    def device(self) -> torch.device:
        return resolve_device(self.device_name)

    @property
    def needed(self) -> tuple[str, ...]:
        """The roles that it needs of this pack."""
        return self.roles

    @property
    def networks(self) -> tuple[str, ...]:
        """The attributes that hold the networks of :attr:`needed`."""
        return self.needed

    @property
    def drawing_pack(self) -> Pack:
        """The pack at the size at which faces are drawn."""
        return self.pack

    @property
    def fingerprint(self) -> str:
        """Fingerprint of everything that codes depend on besides the image.

        Raises:
            PackError: the pack lacks a network.
        """
        return self.drawing_pack.fingerprint(*self.drawing_pack.generator_roles, *self.needed)

    def check(self) -> None:
        """Raises a ``RiddleError`` when a network or the device is missing; loads nothing."""
        resolve_device(self.device_name)
        self.drawing_pack.check(*self.needed)

    def prepare(self) -> None:
        """Loads the networks now.

        Raises:
            PackError, CheckpointError: one is missing or damaged.
        """
        for name in self.networks:
            getattr(self, name)

    def release(self) -> None:
        """Releases the networks and their memory until the next use."""
        for name in self.networks:
            self.__dict__.pop(name, None)

    @abstractmethod
    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n 512"]:
        """Codes of aligned faces in [-1, 1], of the pack's size; inputs may lie anywhere, codes are on the CPU.

        Raises:
            PackError: the pack lacks a network.
        """

    @cached_property
    def encoder(self) -> nn.Module:
        """Photo to code, in one go."""
        return self._load("encoder")

    @cached_property
    def generator(self) -> FaceGenerator:
        """G, at the size at which faces are compared."""
        return self.drawing_pack.generator().to(self.device)

    @cached_property
    def recogniser(self) -> nn.Module:
        """R."""
        return fuse_batch_norms(self._load("recogniser"))

    def encode(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n 512"]:
        """The encoder's codes; it sees images of its own size, whatever the pack draws."""
        side = getattr(self.encoder, "size", x.shape[-1])
        w: Tensor = self.encoder(resize(x, (side, side)))
        return w

    def _load(self, role: str) -> nn.Module:
        return self.pack.load(role).to(self.device)
