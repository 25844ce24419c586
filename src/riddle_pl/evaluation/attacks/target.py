"""What is attacked: an encryptor of a pack, with passwords that no attacker sees."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64, Int
from torch import Tensor, nn

from riddle_pl.judging.metrics import Estimate, bootstrap
from riddle_pl.key import KdfParams, derive_key
from riddle_pl.networks.encryptors.padded import PaddedEncryptor, encryptable, in_context
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.networks.resize import resize
from riddle_pl.password import PasswordTokens, key_latent, random_passwords

Codes = Float[Tensor, "m n d"]


class Faces(NamedTuple):
    """Codes of two sets of people that have nobody in common, and of other photos of some of the victims.

    Beside them, what an encrypted photo keeps: see :func:`riddle_pl.photos.without_face.without_face`.
    """

    victims: Codes
    public: Codes
    others: Codes
    """Each of another photo of a victim."""
    rows: Int[Tensor, "o"]
    """Which victim that is."""
    around: Float[Tensor, "v 4 s s"]
    """Of the victims' photos."""
    public_around: Float[Tensor, "p 4 s s"]
    """Of the public ones."""
    others_around: Float[Tensor, "o 4 s s"]
    """Of the other photos."""


CODES = ("victims", "public", "others")


@dataclass
class Target:
    """An encryptor on the device where it runs, and how much of it attackers know: all but the passwords.

    Args:
        generator: of the pack.
        encryptor: T.
        tokens: what a password is for it.
        recogniser: loads that of the pack.
        seed: of passwords and bootstrap.
        resamples: of the bootstrap.
        batch_size: codes at a time.
    """

    generator: FaceGenerator
    encryptor: nn.Module
    tokens: PasswordTokens
    recogniser: Callable[[], nn.Module]
    seed: int = 0
    resamples: int = 2000
    batch_size: int = 50
    context: Float64[Tensor, "m k"] | None = None
    """Of the faces at hand, one for each code, or one for all; see :meth:`around`."""
    learned: dict[Any, Any] = field(default_factory=dict)
    """What attacks learned about it, by how, for others to use."""

    def inside(self, faces: Faces) -> Faces:
        """The codes that records of these faces hold: with a padded encryptor, those inside of its model."""
        codes = {name: self._batches(partial(encryptable, self.encryptor), getattr(faces, name)) for name in CODES}
        return faces._replace(**codes)

    def around(self, around: Float[Tensor, "m 4 s s"]) -> "Target":
        """The same target for the faces of these photos: then called with their codes in the same order, or, of one
        photo, with any number of codes.

        The contexts that a padded encryptor reads are in the records. Other encryptors read none.
        """
        context = self.encryptor.read(around) if isinstance(self.encryptor, PaddedEncryptor) else None
        return replace(self, context=context)

    def at(self, rows: Int[Tensor, "r"] | slice) -> "Target":
        """The same target around some of its faces."""
        return replace(self, context=None if self.context is None else self.context[rows])

    def coordinates(self, w: Codes) -> Float64[Tensor, "m k"]:
        """Those of a padded encryptor, in the contexts of the faces at hand.

        Raises:
            TypeError: it is another one.
        """
        encryptor = self.encryptor
        if not isinstance(encryptor, PaddedEncryptor):
            raise TypeError(f"{type(encryptor).__name__} has no coordinates that are padded")
        if self.context is None:
            return self._batches(encryptor.coordinates, w)
        context = self.context.expand(len(w), -1)
        return self._batches(lambda w, part: encryptor.given(part).coordinates(w), w, context)

    def rng(self, attack: str) -> torch.Generator:
        """An attack's own, so that its figures do not depend on which others run."""
        digest = hashlib.sha256(f"{self.seed} {attack}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))

    def passwords(self, count: int, rng: torch.Generator) -> Codes:
        """Latents of random passwords, distributed as those of texts are."""
        return random_passwords(count, self.generator, self.tokens, rng)

    def latent(self, text: str, kdf: KdfParams, nonce: bytes) -> Float[Tensor, "1 n d"]:
        """Of a text password."""
        return key_latent(derive_key(text, kdf), self.generator, self.tokens, nonce)

    def __call__(self, w: Codes, w_pwd: Codes) -> Codes:
        """T, a batch at a time."""
        if self.context is None:
            return self._batches(self.encryptor, w, w_pwd)
        context = self.context.expand(len(w), -1)
        return self._batches(lambda w, w_pwd, part: in_context(self.encryptor, part)(w, w_pwd), w, w_pwd, context)

    def encrypt(self, w: Codes, rng: torch.Generator) -> Codes:
        """T, each code under a password of its own."""
        return self(w, torch.cat([self.passwords(len(part), rng) for part in w.split(self.batch_size)]))

    def pictures(self, w: Codes, side: int) -> Float[Tensor, "m 3 side side"]:
        """What codes draw, that large."""
        return self._batches(lambda part: resize(self.generator(part.float()).clamp(-1.0, 1.0), (side, side)), w)

    def recognised(self, w: Codes, recogniser: nn.Module) -> Float[Tensor, "m e"]:
        """What a recogniser sees in the pictures of codes, of unit length."""
        seen = self._batches(lambda part: recogniser(self.generator(part.float()).clamp(-1.0, 1.0)), w)
        return F.normalize(seen.float(), dim=1)

    def estimate(self, values: Float[Tensor, "m"]) -> Estimate:
        """Mean and 95 % bootstrap interval."""
        return bootstrap(values.float(), self.resamples, self.seed)

    @torch.no_grad()
    def _batches(self, network: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        parts = zip(*(tensor.split(self.batch_size) for tensor in inputs), strict=True)
        return torch.cat([network(*batch) for batch in parts]) if len(inputs[0]) else inputs[0]
