"""``attack=intersection``: two records of one photo under one password."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.attacks.attack import Attack, figure, require_positive
from riddle_pl.evaluation.attacks.target import Codes, Faces, Target
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.judging.metrics.codes import wrong_above


class Intersection(Attack):
    """The attacker has two records of each photo under one password, with different salts or nonces, and a list.

    The right guess decrypts both to the same face, a wrong one to two faces. This succeeds against any scheme with
    exact
    recovery: 1.0 is expected. It documents this limit.

    Args:
        records: number of pairs of records.
        guesses: wrong passwords per pair.

    Raises:
        ConfigError: a value is out of range.
    """

    has: ClassVar[str] = "two records of each photo under one password; picks the guess that opens one person twice"

    def __init__(self, records: int = 50, guesses: int = 200):
        require_positive("intersection", records=records, guesses=guesses)
        self.records = records
        self.guesses = guesses

    @property
    def victims(self) -> int:
        return self.records

    def run(self, target: Target, faces: Faces) -> list[Measurement]:
        w = faces.victims[: self.records]
        above = wrong_above(distances(target.around(faces.around), w, w, self.guesses, target.rng("intersection")))
        title = "two records of a photo, one password"
        return [
            figure(f"{title}: area under the ROC curve (1 expected)", target.estimate(above), 0.5, 1.0),
            figure(f"{title}: right one first", target.estimate(above == 1.0), 1 / (1 + self.guesses), 1.0),
        ]


def distances(
    target: Target, first: Codes, second: Codes, guesses: int, rng: torch.Generator
) -> Float[Tensor, "m 1+guesses"]:
    """Distances between the decryptions of a face's two records, by guess; the right password is in column 0.

    Args:
        target: the attacked encryptor, in the contexts of the faces.
        first: codes in the first records.
        second: codes in the second.
        guesses: wrong passwords; a password has another latent in each record.
        rng: of passwords.
    """
    wrong = [target.passwords(guesses, rng) for _ in range(2)]
    rows = []
    for index, pair in enumerate(zip(first.split(1), second.split(1), strict=True)):
        opened, face = [], target.at(slice(index, index + 1))
        for code, others in zip(pair, wrong, strict=True):
            passwords = torch.cat([target.passwords(1, rng), others])
            w_enc = face(code, passwords[:1])
            opened.append(face(w_enc.expand(len(passwords), -1, -1), passwords))
        rows.append((opened[0] - opened[1]).flatten(1).norm(dim=1))
    return torch.stack(rows)
