"""Faces through an inversion, an encryptor and the pack's generator."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.device import resolve_device
from riddle_pl.evaluation.methods.method import FaceImages, Method
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.inversion import Inversion
from riddle_pl.judging.images import PHOTO, X_DEC, X_ENC1, X_ENC2, X_NEAR_MISS, X_WRONG1, X
from riddle_pl.networks.encryptors.padded import encryptable
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import Pack
from riddle_pl.password import PasswordTokens, key_latent


def load_generator(pack: Pack, device: str) -> FaceGenerator:
    """The generator on its device.

    Raises:
        PackError: missing or damaged, or a network of another kind.
    """
    return pack.generator().to(resolve_device(device))


def network_facts(pack: Pack, roles: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Architecture, sha256 and origin of a pack's networks by role, for the report."""
    entries = {role: pack.entry(role) for role in roles}
    return {
        role: {"arch": entry.arch, "sha256": pack.expected_sha256(role), "origin": entry.origin}
        for role, entry in entries.items()
    }


@torch.no_grad()
def synthesise(generator: FaceGenerator, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b 3 h h"]:
    """Images in [-1, 1] on the CPU."""
    x: Tensor = generator(w).clamp(-1.0, 1.0).float().cpu()
    return x


AT_ONCE = 20
"""Images of one face per batch."""


class Networks(NamedTuple):
    """The loaded networks, on the device."""

    generator: FaceGenerator
    encryptor: nn.Module
    tokens: PasswordTokens


class LatentMethod(Method):
    """An encryptor between the inversion of a photo and the pack's generator.

    Args:
        inversion: finds the codes of photos, for the generator of its pack.
        passwords: where each face's keys come from.
        seed: of the passwords.
        device: where the networks run: auto, cpu, cuda or cuda:N.
    """

    def __init__(self, inversion: Inversion, passwords: TextPasswords, seed: int = 0, device: str = "auto"):
        self.inversion = inversion
        self.passwords = passwords
        self.seed = seed
        self.device = device

    @property
    def pack(self) -> Pack:
        """The pack of generator and inversion."""
        return self.inversion.pack

    @property
    def size(self) -> int:
        return self.pack.size

    def check(self) -> None:
        resolve_device(self.device)
        self.pack.check("generator")
        self.inversion.check()

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "pack": f"{self.pack.name}, {self.pack.size} px",
            "inversion": f"invert={self.inversion.name}",
            "networks": network_facts(self.pack, ("generator", *self.inversion.needed)),
            "passwords": self.passwords.settings,
        }

    @property
    def notes(self) -> Sequence[str]:
        return (
            f"inversion: the generator's image of the code that invert={self.inversion.name} finds for the photo; "
            "encryption and recovery start there. Against the photo, read recovery beside the inversion's own row.",
        )

    @abstractmethod
    def load_encryptor(self) -> tuple[nn.Module, PasswordTokens]:
        """The encryptor in eval mode, and the password tokens that it was trained with."""

    @cached_property
    def networks(self) -> Networks:
        """All networks, loaded on first use.

        Raises:
            PackError: one is missing or damaged.
        """
        device = resolve_device(self.device)
        encryptor, tokens = self.load_encryptor()
        generator = load_generator(self.pack, self.device)
        return Networks(generator, encryptor.to(device), tokens)

    @torch.no_grad()
    def images(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        keys = [self.passwords.keys(self.seed, name) for name in names]
        right = self._latents([k.right for k in keys])
        encryptor = self.encryptor_for(x)
        w = encryptable(encryptor, self._codes(names, x))
        w_enc = encryptor(w, right)
        codes = {
            X: w,
            X_ENC1: w_enc,
            X_ENC2: encryptor(w, self._latents([k.other for k in keys])),
            X_DEC: encryptor(w_enc, right),
            X_WRONG1: encryptor(w_enc, self._latents([k.wrong for k in keys])),
            X_NEAR_MISS: encryptor(w_enc, self._latents([k.near_miss for k in keys])),
        }
        return {PHOTO: x.float().cpu(), **{name: self._synthesise(code) for name, code in codes.items()}}

    @torch.no_grad()
    def encryptions(self, name: str, x: Float[Tensor, "1 3 h h"], count: int) -> FaceImages:
        keys = self.passwords.many(self.seed, name, count)
        encryptor = self.encryptor_for(x)
        w = encryptable(encryptor, self._codes([name], x))
        w_enc = encryptor(w, self._latents([keys.right]))
        return {
            X_ENC1: self._under_each(encryptor, w, keys.encryption),
            X_WRONG1: self._under_each(encryptor, w_enc, keys.wrong),
        }

    def encryptor_for(self, x: Float[Tensor, "b 3 h h"]) -> nn.Module:
        """T in the contexts of these photos, for encryptors that use contexts."""
        return self.networks.encryptor

    def _under_each(
        self, encryptor: nn.Module, w: Float[Tensor, "1 n d"], keys: Sequence[bytes]
    ) -> Float[Tensor, "p 3 h h"]:
        """The face of ``w`` under each password."""
        parts = []
        for first in range(0, len(keys), AT_ONCE):
            w_pwd = self._latents(keys[first : first + AT_ONCE])
            parts.append(self._synthesise(encryptor(w.expand(len(w_pwd), -1, -1), w_pwd)))
        return torch.cat(parts)

    def _codes(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n d"]:
        """The codes of the photos ``x`` of the faces ``names``."""
        return self.inversion(x).to(resolve_device(self.device))

    def _latents(self, keys: Sequence[bytes]) -> Float[Tensor, "b n d"]:
        return torch.cat([key_latent(key, self.networks.generator, self.networks.tokens) for key in keys])

    def _synthesise(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b 3 h h"]:
        return synthesise(self.networks.generator, w)
