"""Small re-implementations of the methods that the paper compares itself with, trained by ``riddle-pretrain``."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from riddle_pl.device import resolve_device
from riddle_pl.errors import PackError
from riddle_pl.evaluation.methods.latent import AT_ONCE, network_facts
from riddle_pl.evaluation.methods.method import FaceImages, Method, face_rng
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.judging.images import PHOTO, X_DEC, X_ENC1, X_ENC2, X_NEAR_MISS, X_WRONG1
from riddle_pl.key import expand
from riddle_pl.networks.small_methods.ciagan import CiaganSmall
from riddle_pl.networks.small_methods.deepprivacy import DeepPrivacySmall
from riddle_pl.networks.small_methods.fit import FitSmall
from riddle_pl.packs import Pack

BITS_LABEL = b"riddle-pl fit_small"


class SmallMethod(Method):
    """A network of a pack, on the photos themselves: there is no inversion.

    Args:
        pack: has the network, and a parser.
        seed: of random choices.
        device: where the networks run: auto, cpu, cuda or cuda:N.
    """

    role: ClassVar[str]
    competitor: ClassVar[str]
    """Its name in the paper's tables."""
    needs_parser: ClassVar[bool]

    def __init__(self, pack: Pack, seed: int = 0, device: str = "auto"):
        self.pack = pack
        self.seed = seed
        self.device = device

    @property
    def label(self) -> str:
        return self.role

    @property
    def paper(self) -> str:
        return self.competitor

    @property
    def size(self) -> int:
        return self.pack.size

    @property
    def sha256(self) -> str | None:
        return self.pack.expected_sha256(self.role)

    @property
    def facts(self) -> dict[str, Any]:
        roles = (self.role, "parser") if self.needs_parser else (self.role,)
        method = f"{self.label} of pack {self.pack.name}, {self.size} px"
        return {"method": method, "networks": network_facts(self.pack, roles)}

    @property
    def notes(self) -> Sequence[str]:
        return (
            f"{self.label}: a small re-implementation from the facts of the {self.paper} paper. It is not its authors' "
            "network, and its figures are not theirs (its model card says what differs).",
        )

    def check(self) -> None:
        resolve_device(self.device)
        if self.role not in self.pack.roles:
            raise PackError(
                f"pack {self.pack.name} has no {self.role}. To train one: riddle packs copy lite MINE, then "
                f"riddle-pretrain recipe={self.role} data.root=FACES export=MINE; then give pack=MINE"
            )
        self.pack.check(self.role)
        if self.needs_parser:
            self.pack.check("parser")


class FitSmallMethod(SmallMethod):
    """``fit_small``: the photo and a password of bits to an image, and back.

    Args:
        pack: see :class:`SmallMethod`.
        passwords: texts, of whose keys the bits are made.
        seed: of the passwords.
        device: see :class:`SmallMethod`.
    """

    role = "fit_small"
    competitor = "FIT"
    needs_parser = False

    def __init__(self, pack: Pack, passwords: TextPasswords, seed: int = 0, device: str = "auto"):
        super().__init__(pack, seed, device)
        self.passwords = passwords

    @property
    def facts(self) -> dict[str, Any]:
        return super().facts | {"passwords": self.passwords.settings}

    @cached_property
    def _network(self) -> FitSmall:
        return self.pack.load_as(self.role, FitSmall).to(resolve_device(self.device))

    def bits(self, keys: Sequence[bytes]) -> Float[Tensor, "b k"]:
        """Bits of -1 and 1 from keys, by HKDF."""
        rows = [np.unpackbits(np.frombuffer(expand(key, BITS_LABEL), dtype=np.uint8)) for key in keys]
        return 2.0 * torch.from_numpy(np.stack(rows))[:, : self._network.bits].float() - 1.0

    @torch.no_grad()
    def _draw(self, x: Float[Tensor, "b 3 h h"], p: Float[Tensor, "b k"]) -> Float[Tensor, "b 3 h h"]:
        device = resolve_device(self.device)
        parts = zip(x.split(AT_ONCE), p.split(AT_ONCE), strict=True)
        drawn = [self._network(some.to(device), bits.to(device)) for some, bits in parts]
        return torch.cat(drawn).clamp(-1.0, 1.0).float().cpu()

    def images(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        x = x.float().cpu()
        keys = [self.passwords.keys(self.seed, name) for name in names]
        right = self.bits([k.right for k in keys])
        x_enc = self._draw(x, right)
        return {
            PHOTO: x,
            X_ENC1: x_enc,
            X_ENC2: self._draw(x, self.bits([k.other for k in keys])),
            X_DEC: self._draw(x_enc, -right),
            X_WRONG1: self._draw(x_enc, -self.bits([k.wrong for k in keys])),
            X_NEAR_MISS: self._draw(x_enc, -self.bits([k.near_miss for k in keys])),
        }

    def encryptions(self, name: str, x: Float[Tensor, "1 3 h h"], count: int) -> FaceImages:
        keys = self.passwords.many(self.seed, name, count)
        x = x.float().cpu()
        x_enc = self._draw(x, self.bits([keys.right]))
        return {
            X_ENC1: self._draw(x.expand(count, -1, -1, -1), self.bits(keys.encryption)),
            X_WRONG1: self._draw(x_enc.expand(count, -1, -1, -1), -self.bits(keys.wrong)),
        }


class InpaintingMethod(SmallMethod):
    """The face is hidden and painted anew, which nothing undoes; random choices depend on seed, name and number."""

    needs_parser = True

    def images(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        return {PHOTO: x.float().cpu(), X_ENC1: self._paint(x, [face_rng(self.seed, name, 0) for name in names])}

    def encryptions(self, name: str, x: Float[Tensor, "1 3 h h"], count: int) -> FaceImages:
        chosen = [face_rng(self.seed, name, number) for number in range(1, count + 1)]
        return {X_ENC1: self._paint(x.expand(count, -1, -1, -1), chosen)}

    @cached_property
    def _parser(self) -> nn.Module:
        return self.pack.load("parser").to(resolve_device(self.device))

    @torch.no_grad()
    def _paint(self, x: Float[Tensor, "b 3 h h"], chosen: Sequence[torch.Generator]) -> Float[Tensor, "b 3 h h"]:
        painted = []
        for first in range(0, len(x), AT_ONCE):
            some = x[first : first + AT_ONCE].float().to(resolve_device(self.device))
            labels = self._parser(some).argmax(dim=1)
            painted.append(self.paint(some, labels, chosen[first : first + AT_ONCE]).float().cpu())
        return torch.cat(painted)

    @abstractmethod
    def paint(
        self, x: Float[Tensor, "b 3 h h"], labels: Integer[Tensor, "b h h"], chosen: Sequence[torch.Generator]
    ) -> Float[Tensor, "b 3 h h"]:
        """Painted faces in [-1, 1], by label maps and one generator of random numbers for each face."""


class CiaganSmallMethod(InpaintingMethod):
    """``ciagan_small``: a random one of its people in place of each face."""

    role = "ciagan_small"
    competitor = "CIAGAN"

    @cached_property
    def _network(self) -> CiaganSmall:
        return self.pack.load_as(self.role, CiaganSmall).to(resolve_device(self.device))

    def paint(
        self, x: Float[Tensor, "b 3 h h"], labels: Integer[Tensor, "b h h"], chosen: Sequence[torch.Generator]
    ) -> Float[Tensor, "b 3 h h"]:
        person = torch.cat([torch.randint(self._network.people, (1,), generator=rng) for rng in chosen])
        painted: Tensor = self._network(x, labels, person.to(x.device))
        return painted


class DeepPrivacySmallMethod(InpaintingMethod):
    """``deepprivacy_small``: whoever its noise makes, in place of each face."""

    role = "deepprivacy_small"
    competitor = "DeepPrivacy"

    @cached_property
    def _network(self) -> DeepPrivacySmall:
        return self.pack.load_as(self.role, DeepPrivacySmall).to(resolve_device(self.device))

    def paint(
        self, x: Float[Tensor, "b 3 h h"], labels: Integer[Tensor, "b h h"], chosen: Sequence[torch.Generator]
    ) -> Float[Tensor, "b 3 h h"]:
        z = torch.cat([torch.randn(1, self._network.noise, generator=rng) for rng in chosen])
        painted: Tensor = self._network(x, labels, z.to(x.device))
        return painted
