"""Diversity of one face's images under many passwords."""

from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.methods.method import FaceImages
from riddle_pl.evaluation.scores.base import Judgement, Row, Scores
from riddle_pl.evaluation.scores.identity import SHOWN, RecogniserScores
from riddle_pl.judging.images import X_ENC1, X_WRONG1
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.judging.metrics import DifferentPeople, FaceMean, PairwiseDistance
from riddle_pl.judging.metrics.diversity import pair_cosines

VARIED = (X_ENC1, X_WRONG1)
"""Images of which there are many, one per password."""


class DiversityScores(Scores):
    """Mean distance of the pairs among a face's N encryptions, and their share that counts as two people's.

    The same for its N decryptions with wrong passwords.

    Args:
        identity: its recogniser judges, at its threshold.
    """

    def __init__(self, identity: RecogniserScores):
        self.identity = identity
        self._cosines: dict[str, list[Tensor]] = {name: [] for name in VARIED}
        self._embeddings: dict[str, list[Tensor]] = {name: [] for name in VARIED}

    def judge(self, images: FaceImages) -> Judgement:
        """Looks at the images of one face: row i of ``encrypted`` and of ``wrong`` is that of its i-th password."""
        return {name: self.identity.recogniser.embed(images[name]).float().cpu() for name in VARIED if name in images}

    def add(self, judgement: Judgement) -> None:
        for name in VARIED:
            if name in judgement:
                embeddings = judgement[name]
                self._cosines[name].append(pair_cosines(embeddings))
                if sum(len(some) for some in self._embeddings[name]) + len(embeddings) <= SHOWN:
                    self._embeddings[name].append(embeddings)

    def embeddings(self, name: str) -> list[Float[Tensor, "n d"]]:
        """Embeddings of the first faces' images under n passwords, not normalised."""
        return list(self._embeddings[name])

    def rows(self) -> list[Row]:
        settings = {"resamples": self.identity.resamples, "seed": self.identity.seed}
        rows = []
        for name, faces in self._cosines.items():
            if not faces:
                continue
            metrics: dict[Statistic, FaceMean] = {
                Statistic.MEAN_DISTANCE: PairwiseDistance(**settings),
                Statistic.DIFFERENT_PEOPLE: DifferentPeople(self.identity.calibration.threshold, **settings),
            }
            for statistic, metric in metrics.items():
                for cosines in faces:
                    metric.update(cosines[None])
                judge = self.identity.recogniser.name
                rows.append(Row(judge, Measure.DIVERSITY, name, "", statistic, "higher", metric.compute()))
        return rows
