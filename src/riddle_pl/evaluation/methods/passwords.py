"""The text passwords of an evaluation: drawn at random, the same for the same seed and photo."""

import hashlib
import random
import string
from dataclasses import dataclass

from riddle_pl.errors import ConfigError
from riddle_pl.key import SALT_BYTES, KdfParams, Password, derive_key

CHARACTERS = string.ascii_letters + string.digits + string.punctuation


@dataclass(frozen=True)
class FaceKeys:
    """Keys of :func:`riddle_pl.password.derive_key` for one face."""

    right: bytes
    """Encrypts and recovers."""
    other: bytes
    """Encrypts a second time, in a record (a salt) of its own."""
    wrong: bytes
    """Is tried on the first encryption."""
    near_miss: bytes
    """Is tried as well; its password differs from the right one in one character."""


@dataclass(frozen=True)
class ManyKeys:
    """Keys for one face under many passwords."""

    right: bytes
    """Makes the encryption that the wrong ones are tried on; that of :class:`FaceKeys`."""
    encryption: list[bytes]
    """Encrypt; each belongs to a record (a salt) of its own."""
    wrong: list[bytes]
    """Are tried on the one encryption."""


class TextPasswords:
    """Random text passwords and their keys.

    Argon2id's cost is lowered, which does not change the distribution of latents.

    Args:
        length: characters of a password.
        memory_kib: memory of Argon2id.
        time: passes of Argon2id.
    """

    def __init__(self, length: int = 12, memory_kib: int = 8, time: int = 1):
        if length < 1:
            raise ConfigError(f"passwords.length={length}; give at least 1")
        self.length = length
        self.memory_kib = memory_kib
        self.time = time
        self._kdf(b"")

    @property
    def settings(self) -> str:
        """For the report."""
        default = KdfParams()
        text = f"random texts of {self.length} characters, Argon2id with {self.memory_kib} KiB and {self.time} pass(es)"
        if (self.memory_kib, self.time) == (default.memory_kib, default.time):
            return text
        return (
            f"{text} (records: {default.memory_kib} KiB and {default.time}; the cost does not change the distribution)"
        )

    def keys(self, seed: int, name: str) -> FaceKeys:
        """The keys of the face called ``name``."""
        rng = random.Random(f"{seed} {name}")  # seeded by the text's SHA-512: the same on every machine
        right, other, wrong = (self._draw(rng) for _ in range(3))
        record, second = (self._kdf(f"{seed} {name} {number}".encode()) for number in (1, 2))
        return FaceKeys(
            right=derive_key(right, record),
            other=derive_key(other, second),
            wrong=derive_key(wrong, record),
            near_miss=derive_key(change_one_character(right, rng), record),
        )

    def many(self, seed: int, name: str, count: int) -> ManyKeys:
        """``count`` keys of each kind for the face called ``name``; the first of them are the same for any count."""
        record = self._kdf(f"{seed} {name} 1".encode())
        encryption, wrong = [], []
        for number in range(count):
            rng = random.Random(f"{seed} {name} many {number}")
            encryption.append(derive_key(self._draw(rng), self._kdf(f"{seed} {name} many {number}".encode())))
            wrong.append(derive_key(self._draw(rng), record))
        return ManyKeys(self.keys(seed, name).right, encryption, wrong)

    def _draw(self, rng: random.Random) -> Password:
        return Password("".join(rng.choices(CHARACTERS, k=self.length)))

    def _kdf(self, text: bytes) -> KdfParams:
        salt = hashlib.sha256(b"riddle-eval " + text).digest()[:SALT_BYTES]
        return KdfParams(memory_kib=self.memory_kib, time=self.time, salt=salt)


def change_one_character(password: str, rng: random.Random) -> Password:
    """The text with one character replaced."""
    place = rng.randrange(len(password))
    character = rng.choice([c for c in CHARACTERS if c != password[place]])
    return Password(password[:place] + character + password[place + 1 :])
