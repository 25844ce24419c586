"""The encryptor of a pack."""

from functools import cached_property
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.device import resolve_device
from riddle_pl.errors import ConfigError, suggestion
from riddle_pl.evaluation.methods.latent import LatentMethod, network_facts
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.inversion import Inversion
from riddle_pl.networks.encryptors.padded import in_context
from riddle_pl.packs.pack import USUAL
from riddle_pl.password import PasswordTokens
from riddle_pl.photos.paste.mask import ParserMap
from riddle_pl.photos.without_face import read_context

PAPER = {"encryptor": "RiDDLE", "encryptor-df": "RiDDLE data-free", "encryptor-paper": "RiDDLE"}
"""What the paper calls the encryptors, by role."""


class PackMethod(LatentMethod):
    """A pack's own encryptor.

    Args:
        inversion: see :class:`LatentMethod`; its pack has the encryptor.
        role: of the encryptor; None: ``encryptor`` where the pack has it, else the one for photos.
        passwords: see :class:`LatentMethod`.
        seed: see :class:`LatentMethod`.
        device: see :class:`LatentMethod`.
    """

    def __init__(
        self, inversion: Inversion, role: str | None, passwords: TextPasswords, seed: int = 0, device: str = "auto"
    ):
        super().__init__(inversion, passwords, seed, device)
        self.role = role or (USUAL if USUAL in self.pack.roles else self.pack.encryptor_for_photos())

    @property
    def label(self) -> str:
        return f"{self.role} of {self.pack.name}"

    @property
    def paper(self) -> str | None:
        return PAPER.get(self.role)

    @property
    def sha256(self) -> str | None:
        return self.pack.expected_sha256(self.role)

    def check(self) -> None:
        super().check()
        if self.pack.entry(self.role).tokens is None:
            raise ConfigError(f"method.role={self.role} is no encryptor; {suggestion(self.role, self.pack.encryptors)}")
        self.pack.verify(self.role)

    @property
    def facts(self) -> dict[str, Any]:
        entry = self.pack.entry(self.role)
        facts = super().facts
        roles = (self.role, "parser") if entry.args.get("context") else (self.role,)
        facts["networks"] |= network_facts(self.pack, roles)
        return {
            "encryptor": f"{self.role} ({entry.arch}, {entry.tokens} password tokens), sha256 {self.sha256}"
        } | facts

    @cached_property
    def _parser(self) -> ParserMap:
        return ParserMap(self.pack, resolve_device(self.device))

    def encryptor_for(self, x: Float[Tensor, "b 3 h h"]) -> nn.Module:
        encryptor = self.networks.encryptor
        return in_context(encryptor, read_context(encryptor, x, self._parser, resolve_device(self.device)))

    def load_encryptor(self) -> tuple[nn.Module, PasswordTokens]:
        return self.pack.encryptor(self.role)
