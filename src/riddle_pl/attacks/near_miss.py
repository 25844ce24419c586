"""``attack=near_miss``: what a password opens that is nearly right."""

import string
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.attacks.attack import Attack, Figure, require_positive
from riddle_pl.attacks.target import Codes, Faces, Target
from riddle_pl.password import NONCE_BYTES, SALT_BYTES, KdfParams

LENGTH = 12
LETTERS = string.ascii_letters + string.digits
UNRELATED = "an unrelated wrong password, to compare"


class NearMiss(Attack):
    """Has a password with one other character, or the right one and a record with one bit of salt or nonce changed.

    Every change of the key's input has to give another key altogether, as Argon2id and HKDF promise; what is opened is
    then as far from the face as with any wrong password. (A sealed record refuses all of them, by its tag.) Argon2id
    runs at its least cost, which changes no distribution.

    Args:
        records: of one face each.

    Raises:
        ConfigError: a value is out of range.
    """

    has: ClassVar[str] = "a password with one other character, or the right one with a bit of salt or nonce flipped"

    def __init__(self, records: int = 100):
        require_positive("near_miss", records=records)
        self.records = records

    @property
    def victims(self) -> int:
        return self.records

    def run(self, target: Target, faces: Faces) -> list[Figure]:
        rng, mean = target.rng("near_miss"), faces.public.mean(dim=0)
        cosines: dict[str, list[Tensor]] = {}
        for w in faces.victims[: self.records].split(1):
            for name, opened in _opened(target, w, rng).items():
                cosines.setdefault(name, []).append(_cosine(opened - mean, w - mean))
        return [
            Figure.of(f"cosine of codes, {name}", target.estimate(torch.cat(found)), None, 1.0)
            for name, found in cosines.items()
        ]


def _opened(target: Target, w: Codes, rng: torch.Generator) -> dict[str, Codes]:
    """What near misses open of one record."""
    text, other = (_text(rng) for _ in range(2))
    salt, nonce = (bytes(_numbers(256, count, rng)) for count in (SALT_BYTES, NONCE_BYTES))
    place = _numbers(LENGTH, 1, rng)[0]
    changed = text[:place] + LETTERS[(LETTERS.index(text[place]) + 1) % len(LETTERS)] + text[place + 1 :]
    w_enc = target(w, target.latent(text, _cheap(salt), nonce))
    tried = {
        "one character changed": (changed, salt, nonce),
        "one bit of the salt flipped": (text, _flipped(salt, rng), nonce),
        "one bit of the nonce flipped": (text, salt, _flipped(nonce, rng)),
        UNRELATED: (other, salt, nonce),
    }
    return {name: target(w_enc, target.latent(t, _cheap(s), n)) for name, (t, s, n) in tried.items()}


def _cheap(salt: bytes) -> KdfParams:
    return KdfParams(memory_kib=8, time=1, lanes=1, salt=salt)


def _numbers(below: int, count: int, rng: torch.Generator) -> list[int]:
    return [int(number) for number in torch.randint(below, (count,), generator=rng)]


def _text(rng: torch.Generator) -> str:
    return "".join(LETTERS[index] for index in _numbers(len(LETTERS), LENGTH, rng))


def _flipped(content: bytes, rng: torch.Generator) -> bytes:
    """With one bit changed."""
    place, bit = _numbers(len(content), 1, rng)[0], _numbers(8, 1, rng)[0]
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


def _cosine(one: Codes, other: Codes) -> Float[Tensor, "m"]:
    return torch.cosine_similarity(one.flatten(1), other.flatten(1), dim=1)
