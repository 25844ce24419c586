"""The images that are compared: one face through a pack's encoder, encryptor and generator."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import PackError
from riddle_pl.evaluation.passwords import TextPasswords
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import Pack
from riddle_pl.password import key_latent

FaceImages = Mapping[str, Float[Tensor, "b 3 h h"]]
"""Images in [-1, 1] on the CPU, by name; row i of each belongs to the same face.

``photo``, ``inversion``; ``encrypted``, and ``encrypted_2`` with another password; and made from ``encrypted``:
``recovered``, ``wrong`` (another password) and ``near_miss`` (a password that differs in one character).
"""


class Method(Protocol):
    """Whatever turns photos into the images that are compared."""

    def __call__(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        """The images of the faces ``x``, whose names fix their passwords."""
        ...


class PackMethod:
    """A pack's networks, loaded at once.

    Args:
        pack: generator, encoder and encryptor.
        role: of the encryptor.
        passwords: where each face's keys come from.
        seed: of the passwords.
        device: where the networks run.

    Raises:
        PackError: a network is missing or damaged, or ``role`` is no encryptor.
    """

    def __init__(self, pack: Pack, role: str, passwords: TextPasswords, seed: int, device: torch.device):
        generator = pack.load("generator")
        if not isinstance(generator, Generator):
            raise PackError(f"pack {pack.name}: generator is a {type(generator).__name__}; expected a Generator")
        encryptor, self.tokens = pack.encryptor(role)
        self.generator = generator.to(device)
        self.encoder = pack.load("encoder").to(device)
        self.encryptor = encryptor.to(device)
        self.passwords = passwords
        self.seed = seed
        self.device = device

    @torch.no_grad()
    def __call__(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        keys = [self.passwords.keys(self.seed, name) for name in names]
        right, other, wrong, near_miss = (
            self._latents(some)
            for some in (
                [k.right for k in keys],
                [k.other for k in keys],
                [k.wrong for k in keys],
                [k.near_miss for k in keys],
            )
        )
        w = self.encoder(x.to(self.device))
        w_enc = self.encryptor(w, right)
        codes = {
            "inversion": w,
            "encrypted": w_enc,
            "encrypted_2": self.encryptor(w, other),
            "recovered": self.encryptor(w_enc, right),
            "wrong": self.encryptor(w_enc, wrong),
            "near_miss": self.encryptor(w_enc, near_miss),
        }
        images = {name: self.generator(code).clamp(-1.0, 1.0).float().cpu() for name, code in codes.items()}
        return {"photo": x.float().cpu(), **images}

    def _latents(self, keys: Sequence[bytes]) -> Float[Tensor, "b n d"]:
        return torch.cat([key_latent(key, self.generator, self.tokens) for key in keys])
