"""Text password -> key, with salts and nonces; imports no torch.

Every character counts, spaces and case included; only forms that Unicode calls compatible (NFKC: composed and
decomposed accents, full-width letters, ligatures) are one password. Nothing here prints or logs a password or a key.
The rest of the chain is in :mod:`riddle_pl.password`.
"""

import random
import secrets
import threading
import unicodedata
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from riddle_pl.errors import ConfigError, PasswordError

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
    """Checks that a password is usable.

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


def expand(key: bytes, label: bytes) -> bytes:
    """HKDF-SHA256 without salt: an independent key for each use."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label).derive(key)


def sealing_key(key: bytes) -> bytes:
    """The AES-256-GCM key of sealed records; independent of the password latent."""
    return expand(key, SEALING_LABEL)


def fresh_nonce() -> bytes:
    """For one face."""
    return secrets.token_bytes(NONCE_BYTES)


def repeatable_nonces(seed: bytes) -> Callable[[], bytes]:
    """Nonces that are the same for the same seed: for measurements and demonstrations, never for photos to be kept."""
    rng = random.Random(seed)  # seeded by all of its bytes, the same on every machine
    return lambda: rng.randbytes(NONCE_BYTES)
