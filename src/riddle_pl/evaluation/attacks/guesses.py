"""``attack=guesses``: password guessing by a score of the decrypted code."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.attacks.attack import Attack, figure, require_positive
from riddle_pl.evaluation.attacks.distinguisher import Training
from riddle_pl.evaluation.attacks.target import Codes, Faces, Target
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.judging.metrics.codes import AMONG, Components, bits, median_rank, wrong_above


class Guesses(Attack):
    """The attacker has a record, public faces and a list of passwords with the right one; the victims are unknown.

    Guesses are scored by the distance of T(w_enc, p) from w_enc, by the share of variance outside of principal
    components of public codes, and by a network trained to tell codes of public faces from wrong decryptions. The last
    measures deniability in bits per face: log2(500 / median rank of the right password among 1,000). Bits of the faces
    of one record add up.

    Args:
        training: of the distinguisher.
        components: principal components of the public faces' codes.
        records: number of tested records, of one face each.
        guesses: wrong passwords per record.

    Raises:
        ConfigError: a value is out of range.
    """

    has: ClassVar[str] = "a record, public faces and a list of passwords; picks the right one by the decrypted code"

    def __init__(self, training: Training, components: int = 600, records: int = 200, guesses: int = 200):
        require_positive("guesses", components=components, records=records, guesses=guesses)
        self.training = training
        self.components = components
        self.records = records
        self.guesses = guesses

    @property
    def victims(self) -> int:
        return self.records

    def run(self, target: Target, faces: Faces) -> list[Measurement]:
        outside = Components.of(faces.public.float(), self.components).outside
        distinguisher = self.training(target, faces)
        scores: dict[str, list[Tensor]] = {"distance of T(w_enc, p) from w_enc": []}
        by_share, by_network = f"share outside {self.components} components of public codes", "trained distinguisher"
        scores |= {by_share: [], by_network: []}
        rng = target.rng("guesses")
        victims = target.around(faces.around)
        for face, w_enc, opened in guessed(victims, faces.victims[: self.records], self.guesses, rng):
            scores["distance of T(w_enc, p) from w_enc"].append(movement(opened, w_enc))
            scores[by_share].append(outside(opened))
            scores[by_network].append(-distinguisher(face, opened))
        return [number for name, found in scores.items() for number in rank_figures(target, name, torch.stack(found))]


def rank_figures(target: Target, name: str, scores: Float[Tensor, "m g"]) -> list[Measurement]:
    """AUROC, top-1 rate, median rank and bits per face of a score.

    Args:
        target: the attacked encryptor.
        name: of the score.
        scores: by face and password, the right one's in column 0; lower is more likely right.
    """
    above = wrong_above(scores)
    rank = median_rank(above, target.resamples, target.seed)
    return [
        figure(f"{name}: area under the ROC curve", target.estimate(above), 0.5),
        figure(f"{name}: right password first", target.estimate(above == 1.0), 1 / scores.shape[1]),
        figure(f"{name}: its median rank among {AMONG:,}", rank, AMONG / 2, digits=0),
        figure(f"{name}: bits per face", bits(rank), 0.0, digits=2),
    ]


def guessed(target: Target, w: Codes, guesses: int, rng: torch.Generator) -> Iterator[tuple[Target, Codes, Codes]]:
    """For each face: the target in its context, its encrypted code (1, n, d), and the decryptions, the right one first.

    Args:
        target: the attacked encryptor, in the contexts of the faces.
        w: codes of the faces.
        guesses: wrong passwords.
        rng: of passwords.
    """
    wrong = target.passwords(guesses, rng)
    for index, code in enumerate(w.split(1)):
        face, right = target.at(slice(index, index + 1)), target.passwords(1, rng)
        w_enc = face(code, right)
        passwords = torch.cat([right, wrong])
        yield face, w_enc, face(w_enc.expand(len(passwords), -1, -1), passwords)


def movement(w: Float[Tensor, "b n d"], w_enc: Float[Tensor, "1 n d"]) -> Float[Tensor, "b"]:
    """|T(w_enc, p) - w_enc|."""
    distances: Tensor = (w - w_enc).flatten(1).norm(dim=1)
    return distances
