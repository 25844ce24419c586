"""The attacked encryptor, with passwords unknown to attackers."""

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
    """Codes of disjoint sets of victims and public faces, and of other photos of some victims.

    And the photos without their faces: see :func:`riddle_pl.photos.without_face.without_face`.
    """

    victims: Codes
    public: Codes
    others: Codes
    """Of other photos of victims."""
    rows: Int[Tensor, "o"]
    """Index of the victim, by other photo."""
    around: Float[Tensor, "v 4 s s"]
    """Of the victims' photos."""
    public_around: Float[Tensor, "p 4 s s"]
    """Of the public ones."""
    others_around: Float[Tensor, "o 4 s s"]
    """Of the other photos."""


CODES = ("victims", "public", "others")


@dataclass
class Target:
    """An encryptor; attackers know everything except passwords.

    Args:
        generator: of the pack.
        encryptor: T.
        tokens: its password tokens.
        recogniser: loads the pack's recogniser.
        seed: of passwords and bootstrap.
        resamples: of the bootstrap.
        batch_size: codes per batch.
    """

    generator: FaceGenerator
    encryptor: nn.Module
    tokens: PasswordTokens
    recogniser: Callable[[], nn.Module]
    seed: int = 0
    resamples: int = 2000
    batch_size: int = 50
    context: Float64[Tensor, "m k"] | None = None
    """Contexts, one per code, or one for all; see :meth:`around`."""
    learned: dict[Any, Any] = field(default_factory=dict)
    """Trained attackers by their settings, shared by attacks."""

    def inside(self, faces: Faces) -> Faces:
        """Codes as records hold them: projected onto the model of a padded encryptor."""
        codes = {name: self._batches(partial(encryptable, self.encryptor), getattr(faces, name)) for name in CODES}
        return faces._replace(**codes)

    def around(self, around: Float[Tensor, "m 4 s s"]) -> "Target":
        """The same target in the contexts of these photos, to be called with codes in the same order; of one photo,
        with any number of codes.

        Contexts are stored in records. Only padded encryptors use them.
        """
        context = self.encryptor.read(around) if isinstance(self.encryptor, PaddedEncryptor) else None
        return replace(self, context=context)

    def at(self, rows: Int[Tensor, "r"] | slice) -> "Target":
        """The same target in the contexts of some of its faces."""
        return replace(self, context=None if self.context is None else self.context[rows])

    def coordinates(self, w: Codes) -> Float64[Tensor, "m k"]:
        """Coordinates of a padded encryptor, in the current contexts.

        Raises:
            TypeError: another encryptor.
        """
        encryptor = self.encryptor
        if not isinstance(encryptor, PaddedEncryptor):
            raise TypeError(f"{type(encryptor).__name__} has no coordinates that are padded")
        if self.context is None:
            return self._batches(encryptor.coordinates, w)
        context = self.context.expand(len(w), -1)
        return self._batches(lambda w, part: encryptor.given(part).coordinates(w), w, context)

    def rng(self, attack: str) -> torch.Generator:
        """A generator by attack, so that figures do not depend on which attacks run."""
        digest = hashlib.sha256(f"{self.seed} {attack}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))

    def passwords(self, count: int, rng: torch.Generator) -> Codes:
        """Latents of random passwords."""
        return random_passwords(count, self.generator, self.tokens, rng)

    def latent(self, text: str, kdf: KdfParams, nonce: bytes) -> Float[Tensor, "1 n d"]:
        """Latent of a text password."""
        return key_latent(derive_key(text, kdf), self.generator, self.tokens, nonce)

    def __call__(self, w: Codes, w_pwd: Codes) -> Codes:
        """T, in batches."""
        if self.context is None:
            return self._batches(self.encryptor, w, w_pwd)
        context = self.context.expand(len(w), -1)
        return self._batches(lambda w, w_pwd, part: in_context(self.encryptor, part)(w, w_pwd), w, w_pwd, context)

    def encrypt(self, w: Codes, rng: torch.Generator) -> Codes:
        """T with another random password for each code."""
        return self(w, torch.cat([self.passwords(len(part), rng) for part in w.split(self.batch_size)]))

    def pictures(self, w: Codes, side: int) -> Float[Tensor, "m 3 side side"]:
        """Images of codes, resized."""
        return self._batches(lambda part: resize(self.generator(part.float()).clamp(-1.0, 1.0), (side, side)), w)

    def recognised(self, w: Codes, recogniser: nn.Module) -> Float[Tensor, "m e"]:
        """Unit embeddings of the images of codes."""
        seen = self._batches(lambda part: recogniser(self.generator(part.float()).clamp(-1.0, 1.0)), w)
        return F.normalize(seen.float(), dim=1)

    def estimate(self, values: Float[Tensor, "m"]) -> Estimate:
        """Mean and 95 % bootstrap interval."""
        return bootstrap(values.float(), self.resamples, self.seed)

    @torch.no_grad()
    def _batches(self, network: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        parts = zip(*(tensor.split(self.batch_size) for tensor in inputs), strict=True)
        return torch.cat([network(*batch) for batch in parts]) if len(inputs[0]) else inputs[0]
