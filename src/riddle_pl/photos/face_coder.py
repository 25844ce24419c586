"""The networks of a pack as the photo pipeline uses them: image to code, code to code, code to image."""

from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.inversion import Inversion, RefinedInversion
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import Pack
from riddle_pl.password import PasswordTokens, key_latent


class FaceCoder:
    """Inverts, encrypts and synthesises aligned faces. Each network is loaded when it is first needed.

    Args:
        pack: the networks.
        encryptor: role of the encryptor in the pack.
        device: where the networks run; inputs may lie anywhere, results are on the CPU.
        batch_size: faces that go through a network at a time; more are split.
        inversion: photo to code; :class:`riddle_pl.inversion.RefinedInversion` by default.
    """

    def __init__(
        self,
        pack: Pack,
        encryptor: str = "encryptor",
        device: torch.device | str = "cpu",
        batch_size: int = 8,
        inversion: Inversion | None = None,
    ):
        self.pack = pack
        self.encryptor_name = encryptor
        self.device = torch.device(device)
        self.batch_size = batch_size
        self.inversion: Inversion = RefinedInversion(pack, str(self.device)) if inversion is None else inversion

    @cached_property
    def generator(self) -> FaceGenerator:
        """G, with the mapping network that turns passwords into latents."""
        return self.pack.generator().to(self.device)

    @cached_property
    def _encryptor(self) -> tuple[nn.Module, PasswordTokens]:
        network, tokens = self.pack.encryptor(self.encryptor_name)
        return network.to(self.device), tokens

    @property
    def tokens(self) -> PasswordTokens:
        """How the encryptor's passwords become latents."""
        return self._encryptor[1]

    def prepare(self, inversion: bool = True) -> None:
        """Loads the networks now, so that a fault in the pack shows before the user is asked for anything.

        Raises:
            PackError: a network is missing or damaged.
            CheckpointError: a file does not fit its architecture.
        """
        _ = (self.generator, self._encryptor)
        if inversion:
            self.inversion.prepare()

    def password(self, key: bytes) -> Float[Tensor, "1 n 512"]:
        """w_pwd of a key of :func:`riddle_pl.password.derive_key`."""
        return key_latent(key, self.generator, self.tokens).cpu()

    def invert(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n 512"]:
        """The codes w of aligned faces in [-1, 1]."""
        return torch.cat([self.inversion(part) for part in x.split(self.batch_size)])

    @torch.no_grad()
    def transform(self, w: Float[Tensor, "b n 512"], w_pwd: Float[Tensor, "p n 512"]) -> Float[Tensor, "b n 512"]:
        """T(w, w_pwd), which encrypts a code, and decrypts an encrypted one; with one password for all, or one each."""
        return self._in_batches(self._encryptor[0], w, w_pwd.expand(len(w), -1, -1))

    @torch.no_grad()
    def synthesise(self, w: Float[Tensor, "b n 512"]) -> Float[Tensor, "b 3 h h"]:
        """G(w), clamped to [-1, 1]."""
        return self._in_batches(self.generator, w).clamp(-1.0, 1.0)

    def _in_batches(self, network: nn.Module, *inputs: Tensor) -> Tensor:
        parts = zip(*(tensor.split(self.batch_size) for tensor in inputs), strict=True)
        return torch.cat([network(*(part.to(self.device) for part in batch)).cpu() for batch in parts])
