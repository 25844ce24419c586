"""``attack=dictionary``: cost of a dictionary attack, and number of remaining candidates."""

import statistics
import time
from typing import ClassVar

import torch

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.attacks.attack import Attack, figure, require_positive
from riddle_pl.evaluation.attacks.distinguisher import Training
from riddle_pl.evaluation.attacks.guesses import guessed
from riddle_pl.evaluation.attacks.target import Faces, Target
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.judging.metrics import Estimate
from riddle_pl.judging.metrics.codes import AMONG, median_rank, wrong_above
from riddle_pl.key import KdfParams, derive_key


class Dictionary(Attack):
    """The attacker has a record whose password is in a list of N, and the distinguisher of ``attack=guesses``.

    Each password takes one run of Argon2id at the default cost, t seconds of one core: N t / 3600 hours for any
    encryptor. The list is then ranked by the distinguisher's score, summed over the faces of the record. With r the
    median rank of the right password among 1,000, its expected rank is N r / 1000: the number of candidates to inspect
    for an attacker who recognises the face. Without a distinguisher it is N / 2.

    Args:
        training: of the distinguisher; shared with ``guesses`` if the settings are equal.
        size: N.
        faces: faces per record, besides records of one face.
        records: number of tested records.
        guesses: wrong passwords per record.
        repeats: runs of Argon2id, of which the median time is taken.

    Raises:
        ConfigError: a value is out of range.
    """

    has: ClassVar[str] = "a record whose password is in a list; sorts it by the distinguisher, and looks"

    def __init__(
        self,
        training: Training,
        size: int = 10_000,
        faces: int = 4,
        records: int = 100,
        guesses: int = 200,
        repeats: int = 3,
    ):
        require_positive("dictionary", size=size, faces=faces, records=records, guesses=guesses, repeats=repeats)
        if records < faces:
            raise ConfigError(f"attack.dictionary.faces={faces} needs as many as attack.dictionary.records={records}")
        self.training = training
        self.size = size
        self.faces = faces
        self.records = records
        self.guesses = guesses
        self.repeats = repeats

    @property
    def victims(self) -> int:
        return self.records

    def run(self, target: Target, faces: Faces) -> list[Measurement]:
        distinguisher, rng = self.training(target, faces), target.rng("dictionary")
        victims = target.around(faces.around)
        opened = guessed(victims, faces.victims[: self.records], self.guesses, rng)
        scores = torch.stack([-distinguisher(face, codes) for face, _, codes in opened])
        seconds = self._seconds()
        figures = [
            Measurement.plain("", "seconds of a core for a guess (Argon2id)", seconds, self.repeats),
            Measurement.plain(
                "", f"hours of a core for {self.size:,} guesses", self.size * seconds / 3600, 1, digits=2
            ),
        ]
        for count in dict.fromkeys((1, self.faces)):
            summed = scores[: len(scores) // count * count].unflatten(0, (-1, count)).sum(dim=1)
            rank = median_rank(wrong_above(summed), target.resamples, target.seed)
            value, low, high = (self.size * place / AMONG for place in rank[:3])
            title = f"passwords of {self.size:,} to look at, {count} face{'s' if count > 1 else ''} in the record"
            figures.append(figure(title, Estimate(value, low, high, rank.faces), self.size / 2, digits=0))
        return figures

    def _seconds(self) -> float:
        """Median time of Argon2id at the default cost."""
        seconds = []
        for _ in range(self.repeats):
            started = time.perf_counter()
            derive_key("a password", KdfParams())
            seconds.append(time.perf_counter() - started)
        return statistics.median(seconds)
