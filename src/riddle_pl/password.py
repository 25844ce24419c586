"""Text password -> key -> password latent w_pwd.

The chain, the same on every machine (test vectors: ``docs/password-vectors.md``)::

    text --NFKC, UTF-8--> bytes --Argon2id(salt)--> 32-byte key --HKDF-SHA256(label, nonce)--> 32-byte stream key
         --ChaCha20 keystream--> 64-bit words --> uniforms in (0, 1) --inverse normal CDF--> z --mapping--> w_pwd

Each face has a nonce of its own, so that no two faces share a stream; records of format 1 have none.

Every character counts, spaces and case included; only forms that Unicode calls compatible (NFKC: composed and
decomposed accents, full-width letters, ligatures) are one password. Nothing here prints or logs a password or a key.
"""

import random
import secrets
import threading
import unicodedata
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jaxtyping import Float, Float32, Float64
from torch import Tensor

from riddle_pl.errors import ConfigError, PasswordError
from riddle_pl.networks.encryptors.padded import MODULUS, WORD_BITS, uniforms
from riddle_pl.networks.generator import FaceGenerator

KEY_BYTES = 32
SALT_BYTES = 16
NONCE_BYTES = 16
LATENT_LABEL = b"riddle-pl/v1/password-latent"
FACE_LABEL = b"riddle-pl/v2/password-latent/"
"""Followed by the face's nonce."""
SEALING_LABEL = b"riddle-pl/v1/sealing-key"

MAX_MEMORY_KIB = 1 << 20
"""1 GiB: what a record from a stranger may make Argon2id allocate."""
MAX_TIME = 16
MAX_LANES = 16


_ONE_POOL = threading.Lock()
"""OpenSSL runs lanes on one pool of threads; a second derivation at the same time fails as if memory were short."""


class Password(str):
    """A password that does not show itself in a ``repr``: in a traceback with locals, a dataclass or ``%r`` logging.

    >>> Password("correct horse battery staple")
    Password(hidden)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Password(hidden)"


@dataclass(frozen=True)
class KdfParams:
    """Cost and salt of Argon2id (RFC 9106). The defaults draw a fresh salt: one ``KdfParams()`` per record.

    Args:
        memory_kib: memory in KiB, 8 per lane to ``MAX_MEMORY_KIB``.
        time: passes over the memory, 1 to ``MAX_TIME``.
        lanes: degree of parallelism, 1 to ``MAX_LANES``; part of the result, not of the speed alone.
        salt: 16 random bytes, not secret.

    Raises:
        ConfigError: a value out of range.
    """

    memory_kib: int = 65536
    time: int = 3
    lanes: int = 1
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(SALT_BYTES))

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("lanes", self.lanes, 1, MAX_LANES),
            ("time", self.time, 1, MAX_TIME),
            ("memory_kib", self.memory_kib, 8 * self.lanes, MAX_MEMORY_KIB),
        ):
            if not low <= value <= high:
                raise ConfigError(f"Argon2id {name} is {value!r:.40}; expected {low} to {high}")
        if len(self.salt) != SALT_BYTES:
            raise ConfigError(f"Argon2id salt has {len(self.salt)} bytes; expected {SALT_BYTES}")


def check_password(password: str) -> None:
    """Refuses what cannot be meant as a password.

    >>> check_password("   ")
    Traceback (most recent call last):
    riddle_pl.errors.PasswordError: the password is nothing but white space; give at least one other character

    Raises:
        PasswordError: empty, only white space (most likely an accident), or not text (undecodable bytes).
    """
    if not password:
        raise PasswordError("the password is empty; give at least one character")
    if not password.strip():
        raise PasswordError("the password is nothing but white space; give at least one other character")
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise PasswordError("the password is not valid text; give it as UTF-8")


def derive_key(password: str, kdf: KdfParams) -> bytes:
    """Argon2id of the NFKC form of ``password``: the 32-byte key that all other keys of a record come from.

    >>> cheap = KdfParams(memory_kib=64, time=1, salt=bytes(range(16)))  # vector 2 of docs/password-vectors.md
    >>> derive_key("correct horse battery staple", cheap).hex()[:16]
    '92dc5d6701962386'

    Raises:
        PasswordError: see :func:`check_password`; or this machine cannot run Argon2id with that much memory.
    """
    check_password(password)
    argon = Argon2id(salt=kdf.salt, length=KEY_BYTES, iterations=kdf.time, lanes=kdf.lanes, memory_cost=kdf.memory_kib)
    try:
        with _ONE_POOL if kdf.lanes > 1 else nullcontext():
            return argon.derive(unicodedata.normalize("NFKC", password).encode())
    except MemoryError as error:
        raise PasswordError(
            f"deriving the key takes {kdf.memory_kib // 1024} MiB of memory, which is not there; close other programs"
        ) from error
    except UnsupportedAlgorithm as error:
        raise PasswordError("this build of cryptography has no Argon2id; install cryptography>=44 from PyPI") from error


def _expand(key: bytes, label: bytes) -> bytes:
    """HKDF-SHA256 without salt: an independent key for each use."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label).derive(key)


def sealing_key(key: bytes) -> bytes:
    """The AES-256-GCM key of sealed records; tells nothing about the password latent, nor the reverse."""
    return _expand(key, SEALING_LABEL)


def fresh_nonce() -> bytes:
    """For one face."""
    return secrets.token_bytes(NONCE_BYTES)


def repeatable_nonces(seed: bytes) -> Callable[[], bytes]:
    """Nonces that are the same for the same seed: for measurements and demonstrations, never for photos to be kept."""
    rng = random.Random(seed)  # seeded by all of its bytes, the same on every machine
    return lambda: rng.randbytes(NONCE_BYTES)


def key_stream(key: bytes, count: int, dim: int = 512, nonce: bytes | None = None) -> Float64[Tensor, "count dim"]:
    """Uniforms in (0, 1) from a key of :func:`derive_key`.

    Each little-endian 64-bit word of the keystream gives ((word >> 12) + 1/2) / 2^52, which is never
    0 or 1. The first rows do not depend on ``count``.

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
    cipher = Cipher(ChaCha20(_expand(key, label), nonce=bytes(16)), mode=None)
    stream = cipher.encryptor().update(bytes(8 * count * dim))
    words = np.frombuffer(stream, dtype="<u8") >> np.uint64(64 - WORD_BITS)
    return uniforms(torch.from_numpy(words.astype(np.int64))).reshape(count, dim)


def password_z64(key: bytes, count: int, dim: int = 512, nonce: bytes | None = None) -> Float64[Tensor, "count dim"]:
    """Standard normal noise: the inverse normal distribution function of :func:`key_stream`.

    >>> cheap = KdfParams(memory_kib=64, time=1, salt=bytes(range(16)))  # vector 2 of docs/password-vectors.md
    >>> password_z64(derive_key("correct horse battery staple", cheap), count=1)[0, :2].tolist()
    [1.2524718457..., -1.0068186793...]
    """
    z: Tensor = torch.special.ndtri(key_stream(key, count, dim, nonce))
    return z


def password_z(key: bytes, count: int, dim: int = 512, nonce: bytes | None = None) -> Float32[Tensor, "count dim"]:
    """:func:`password_z64` rounded to float32, the input of the mapping network."""
    return password_z64(key, count, dim, nonce).float()


class PasswordTokens(Protocol):
    """What a password is for an encryptor: the numbers that it makes, and how they fill the n layers of w_pwd."""

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
    """One latent per layer, so that attention over the password has something to choose from (beyond the paper)."""

    name = "per_layer"

    def count(self, num_layers: int) -> int:
        return num_layers

    def latent(self, generator: FaceGenerator, u: Float64[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        if u.shape[1] != generator.num_layers:
            raise ValueError(f"u has {u.shape[1]} rows per password; the generator has {generator.num_layers} layers")
        return generator.mapping(_noise(generator, u).flatten(0, 1)).reshape(u.shape)


class KeyStream:
    """The stream itself, uniform in (0, 1) and in float64: the pad of ``encryptor=padded``. No network takes part."""

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
    """What gives a run the scheme called ``name``: the config group has another name for ``single``."""
    return f"password={'single_token' if name == 'single' else name}"


def key_latent(
    key: bytes, generator: FaceGenerator, tokens: PasswordTokens, nonce: bytes | None = None
) -> Float[Tensor, "1 n d"]:
    """w_pwd of a key of :func:`derive_key`, for callers that also need the key. On the generator's device.

    Args:
        nonce: the face's; see :func:`key_stream`.
    """
    u = key_stream(key, tokens.count(generator.num_layers), generator.style_dim, nonce)
    with torch.no_grad():
        return tokens.latent(generator, u[None])


def password_latent(
    password: str, kdf: KdfParams, generator: FaceGenerator, tokens: PasswordTokens, nonce: bytes | None = None
) -> Float[Tensor, "1 n d"]:
    """w_pwd of a text password: :func:`derive_key`, then :func:`key_latent`.

    Raises:
        PasswordError: see :func:`derive_key`.
    """
    return key_latent(derive_key(password, kdf), generator, tokens, nonce)


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
