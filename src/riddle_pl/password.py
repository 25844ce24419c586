"""Text password -> key -> password latent w_pwd.

The chain, the same on every machine (test vectors: ``docs/password-vectors.md``)::

    text --NFKC, UTF-8--> bytes --Argon2id(salt)--> 32-byte key --HKDF-SHA256(label, nonce)--> 32-byte stream key
         --ChaCha20 keystream--> 64-bit words --> uniforms in (0, 1) --inverse normal CDF--> z --mapping--> w_pwd

Each face has a nonce of its own, so that no two faces share a stream; records of format 1 have none.

The first two steps are in :mod:`riddle_pl.key`.
"""

from typing import Protocol

import numpy as np
import torch
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from jaxtyping import Float, Float64
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.key import FACE_LABEL, LATENT_LABEL, NONCE_BYTES, expand
from riddle_pl.networks.encryptors.padded import MODULUS, WORD_BITS, uniforms
from riddle_pl.networks.generator import FaceGenerator


def key_stream(key: bytes, count: int, dim: int = 512, nonce: bytes | None = None) -> Float64[Tensor, "count dim"]:
    """Uniforms in (0, 1) from a key of :func:`derive_key`.

    Each little-endian 64-bit word of the keystream gives ((word >> 12) + 1/2) / 2^52, which is never
    0 or 1. The first rows do not depend on ``count``.

    >>> from riddle_pl.key import KEY_BYTES, repeatable_nonces
    >>> key, nonces = bytes(KEY_BYTES), repeatable_nonces(b"example")
    >>> first, second = (key_stream(key, count=1, nonce=nonces()) for _ in range(2))
    >>> first.shape, bool((first == second).any())  # each face has a stream of its own
    (torch.Size([1, 512]), False)

    Args:
        key: of the password and the record's salt.
        count: rows.
        dim: numbers of a row.
        nonce: the face's; None: the one stream that all faces of a record of format 1 share.

    Raises:
        ConfigError: a nonce of another length than ``NONCE_BYTES``.
    """
    if nonce is not None and len(nonce) != NONCE_BYTES:
        raise ConfigError(f"a face's nonce has {len(nonce)} bytes; expected {NONCE_BYTES}")
    label = LATENT_LABEL if nonce is None else FACE_LABEL + nonce
    cipher = Cipher(ChaCha20(expand(key, label), nonce=bytes(16)), mode=None)
    return stream_uniforms(cipher.encryptor().update(bytes(8 * count * dim))).reshape(count, dim)


def stream_uniforms(stream: bytes) -> Float64[Tensor, "count"]:
    """Uniforms in (0, 1) from the little-endian 64-bit words of random bytes, 8 for each."""
    words = np.frombuffer(stream, dtype="<u8") >> np.uint64(64 - WORD_BITS)
    return uniforms(torch.from_numpy(words.astype(np.int64)))


def password_z64(key: bytes, count: int, dim: int = 512, nonce: bytes | None = None) -> Float64[Tensor, "count dim"]:
    """Standard normal noise: the inverse normal distribution function of :func:`key_stream`.

    >>> from riddle_pl.key import KdfParams, derive_key
    >>> cheap = KdfParams(memory_kib=64, time=1, salt=bytes(range(16)))  # vector 2 of docs/password-vectors.md
    >>> password_z64(derive_key("correct horse battery staple", cheap), count=1)[0, :2].tolist()
    [1.2524718457..., -1.0068186793...]
    """
    z: Tensor = torch.special.ndtri(key_stream(key, count, dim, nonce))
    return z


class PasswordTokens(Protocol):
    """A scheme of password tokens: from uniforms to the n layers of w_pwd."""

    @property
    def name(self) -> str: ...

    def count(self, num_layers: int) -> int:
        """Rows of uniforms per password."""
        ...

    def latent(self, generator: FaceGenerator, u: Float64[Tensor, "b count d"]) -> Float[Tensor, "b n d"]:
        """w_pwd, on the generator's device, from uniforms in (0, 1)."""
        ...


class SingleToken:
    """The paper's scheme: one latent repeated over all layers."""

    name = "single"

    def count(self, num_layers: int) -> int:
        return 1

    def latent(self, generator: FaceGenerator, u: Float64[Tensor, "b 1 d"]) -> Float[Tensor, "b n d"]:
        return generator.broadcast(generator.mapping(_noise(generator, u)[:, 0]))


class PerLayerTokens:
    """One latent per layer, so that attention over the password is effective (beyond the paper)."""

    name = "per_layer"

    def count(self, num_layers: int) -> int:
        return num_layers

    def latent(self, generator: FaceGenerator, u: Float64[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        if u.shape[1] != generator.num_layers:
            raise ValueError(f"u has {u.shape[1]} rows per password; the generator has {generator.num_layers} layers")
        return generator.mapping(_noise(generator, u).flatten(0, 1)).reshape(u.shape)


class KeyStream:
    """The stream itself, uniform in (0, 1) and in float64: the pad of ``encryptor=padded``. No network is used."""

    name = "key_stream"

    def count(self, num_layers: int) -> int:
        return num_layers

    def latent(self, generator: FaceGenerator, u: Float64[Tensor, "b n d"]) -> Float64[Tensor, "b n d"]:
        return u.to(next(generator.parameters()).device)


def _noise(generator: FaceGenerator, u: Float64[Tensor, "b count d"]) -> Float[Tensor, "b count d"]:
    """z, as the mapping network takes it."""
    z: Tensor = torch.special.ndtri(u)
    return z.to(next(generator.parameters()))


_SCHEMES: tuple[PasswordTokens, ...] = (SingleToken(), PerLayerTokens(), KeyStream())
TOKEN_SCHEMES = {tokens.name: tokens for tokens in _SCHEMES}


def token_scheme(name: str) -> PasswordTokens:
    """The scheme called ``name``.

    Raises:
        ConfigError: there is none.
    """
    if name not in TOKEN_SCHEMES:
        raise ConfigError(f"password token scheme {name!r} is unknown; choose from {', '.join(sorted(TOKEN_SCHEMES))}")
    return TOKEN_SCHEMES[name]


def token_override(name: str) -> str:
    """The override that selects a scheme; the config group calls ``single`` otherwise."""
    return f"password={'single_token' if name == 'single' else name}"


def key_latent(
    key: bytes, generator: FaceGenerator, tokens: PasswordTokens, nonce: bytes | None = None
) -> Float[Tensor, "1 n d"]:
    """w_pwd of a key of :func:`derive_key`, on the generator's device.

    Args:
        nonce: the face's; see :func:`key_stream`.
    """
    u = key_stream(key, tokens.count(generator.num_layers), generator.style_dim, nonce)
    with torch.no_grad():
        return tokens.latent(generator, u[None])


def random_passwords(
    batch: int, generator: FaceGenerator, tokens: PasswordTokens, rng: torch.Generator | None = None
) -> Float[Tensor, "b n d"]:
    """w_pwd of ``batch`` random passwords, as training draws them: the same distribution as of text passwords.

    Args:
        rng: source of the noise (the same seed on the CPU gives the same passwords on any device);
            torch's global one by default.
    """
    device = rng.device if rng is not None else torch.device("cpu")
    rows = tokens.count(generator.num_layers)
    words = torch.randint(MODULUS, (batch, rows, generator.style_dim), generator=rng, device=device)
    with torch.no_grad():
        return tokens.latent(generator, uniforms(words))
