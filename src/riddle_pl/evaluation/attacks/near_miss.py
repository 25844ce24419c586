"""``attack=near_miss``: decryption with a slightly wrong password, salt or nonce."""

import random
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.attacks.attack import Attack, figure, require_positive
from riddle_pl.evaluation.attacks.target import Codes, Faces, Target
from riddle_pl.evaluation.methods.passwords import CHARACTERS, change_one_character
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.key import NONCE_BYTES, SALT_BYTES, KdfParams

LENGTH = 12
UNRELATED = "an unrelated wrong password, to compare"


class NearMiss(Attack):
    """The attacker has a password with one wrong character, or a record with one flipped bit of salt or nonce.

    By Argon2id and HKDF, any change must give an independent key, and decryptions as different as with an unrelated
    password. (A sealed record rejects all of them by its tag.) Argon2id runs at minimal cost, which does not change the
    distribution.

    Args:
        records: number of records, of one face each.

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

    def run(self, target: Target, faces: Faces) -> list[Measurement]:
        rng, mean = random.Random(f"{target.seed} near_miss"), faces.public.mean(dim=0)
        cosines: dict[str, list[Tensor]] = {}
        victims = target.around(faces.around)
        for index, w in enumerate(faces.victims[: self.records].split(1)):
            for name, opened in _opened(victims.at(slice(index, index + 1)), w, rng).items():
                cosines.setdefault(name, []).append(_cosine(opened - mean, w - mean))
        return [
            figure(f"cosine of codes, {name}", target.estimate(torch.cat(found)), None, 1.0)
            for name, found in cosines.items()
        ]


def _opened(target: Target, w: Codes, rng: random.Random) -> dict[str, Codes]:
    """Decryptions of one record by near misses."""
    text, other = ("".join(rng.choices(CHARACTERS, k=LENGTH)) for _ in range(2))
    salt, nonce = rng.randbytes(SALT_BYTES), rng.randbytes(NONCE_BYTES)
    w_enc = target(w, target.latent(text, _cheap(salt), nonce))
    tried = {
        "one character changed": (change_one_character(text, rng), salt, nonce),
        "one bit of the salt flipped": (text, _flipped(salt, rng), nonce),
        "one bit of the nonce flipped": (text, salt, _flipped(nonce, rng)),
        UNRELATED: (other, salt, nonce),
    }
    return {name: target(w_enc, target.latent(t, _cheap(s), n)) for name, (t, s, n) in tried.items()}


def _cheap(salt: bytes) -> KdfParams:
    return KdfParams(memory_kib=8, time=1, lanes=1, salt=salt)


def _flipped(content: bytes, rng: random.Random) -> bytes:
    """With one bit changed."""
    bit = 1 << rng.randrange(8 * len(content))
    return (int.from_bytes(content, "big") ^ bit).to_bytes(len(content), "big")


def _cosine(one: Codes, other: Codes) -> Float[Tensor, "m"]:
    return torch.cosine_similarity(one.flatten(1), other.flatten(1), dim=1)
