"""Identification rates by a recogniser."""

from functools import cached_property

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.methods.method import FaceImages
from riddle_pl.evaluation.scores.base import Comparison, Judgement, Row, Scores
from riddle_pl.judging.calibration import Calibration, calibrate
from riddle_pl.judging.images import PHOTO, X_DEC, X_ENC1, X_ENC2, X_NEAR_MISS, X_WRONG1, X
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.judging.metrics import FaceMean, IdentificationRate, MeanCosine, OtherPeopleRate, RankOneRate
from riddle_pl.judging.pairs import PairSimilarities, strangers
from riddle_pl.judging.recognisers import Recogniser

COMPARISONS = (
    Comparison(Measure.DEIDENTIFICATION, X_ENC1, X, "lower"),
    Comparison(Measure.DEIDENTIFICATION, X_ENC1, PHOTO, "lower"),
    Comparison(Measure.RECOVERY, X_DEC, X, "higher"),
    Comparison(Measure.RECOVERY, X_DEC, PHOTO, "higher"),
    Comparison(Measure.WRONG_PASSWORD, X_WRONG1, X, "lower"),
    Comparison(Measure.WRONG_PASSWORD, X_WRONG1, PHOTO, "lower"),
    Comparison(Measure.WRONG_PASSWORD, X_WRONG1, X_ENC1, "lower"),
    Comparison(Measure.NEAR_MISS, X_NEAR_MISS, X, "lower"),
    Comparison(Measure.NEAR_MISS, X_NEAR_MISS, PHOTO, "lower"),
    Comparison(Measure.NEAR_MISS, X_NEAR_MISS, X_ENC1, "lower"),
    Comparison(Measure.TWO_PASSWORDS, X_ENC1, X_ENC2, "lower"),
    Comparison(Measure.INVERSION, X, PHOTO, "higher"),
)
"""What is compared; docs/paper.md has the definitions of the rates."""

OTHER_PEOPLE = (X, PHOTO)
"""Images for the false-accept rate between people."""

SHOWN = 2000
"""Largest number of faces in figures."""


class RecogniserScores(Scores):
    """Every comparison by threshold, by rank and as a mean cosine; and strangers with each other.

    Of the images only embeddings are kept, each once: rank-1 needs them all.

    Args:
        recogniser: the judge; each image is embedded once.
        pairs: for the calibration of its threshold; None: pairs among the evaluated photos.
        far: false-accept rate on the pairs that gives the threshold.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        pairs: PairSimilarities | None,
        far: float = 1e-3,
        resamples: int = 2000,
        seed: int = 0,
    ):
        self.recogniser = recogniser
        self.far = far
        self.resamples = resamples
        self.seed = seed
        self._pairs = pairs
        self._batches: list[Judgement] = []

    def judge(self, images: FaceImages) -> Judgement:
        sizes = [len(x) for x in images.values()]
        parts = self.recogniser.embed(torch.cat(list(images.values()))).float().cpu().split(sizes)
        return dict(zip(images, parts, strict=True))

    def add(self, judgement: Judgement) -> None:
        self._batches.append(judgement)

    @property
    def pairs(self) -> PairSimilarities:
        """The pairs that calibrate the threshold; a ROC curve can be drawn of them where some are of one person."""
        if self._pairs is not None:
            return self._pairs
        shown = [name for name in (PHOTO, X) if any(name in batch for batch in self._batches)]
        [embeddings] = self._together(shown[0]) if shown else [torch.zeros(0, 1)]
        return strangers(embeddings, f"different people among the {shown[0] if shown else 'photo'}s evaluated")

    @property
    def calibration(self) -> Calibration:
        """The threshold; without given pairs it changes with every update.

        Raises:
            DataError: there is no pair of different people.
        """
        return self._given_calibration or calibrate(self.pairs, self.far)

    @cached_property
    def _given_calibration(self) -> Calibration | None:
        return None if self._pairs is None else calibrate(self._pairs, self.far)

    def rows(self) -> list[Row]:
        judge, threshold = self.recogniser.name, self.calibration.threshold
        rows = []
        for c in COMPARISONS:
            both = self._together(c.image, c.reference)
            if not len(both[0]):
                continue
            for statistic, metric in self._metrics(threshold).items():
                metric.update(*both)
                rows.append(Row(judge, c.metric, c.image, c.reference, statistic, c.better, metric.compute()))
        for name in OTHER_PEOPLE:
            [everyone] = self._together(name)
            if len(everyone):
                metric = OtherPeopleRate(threshold, resamples=self.resamples, seed=self.seed)
                metric.update(everyone)
                rows.append(Row(judge, Measure.STRANGERS, name, name, Statistic.RATE, "", metric.compute()))
        return rows

    def similarities(self) -> dict[str, Float[Tensor, "_"]]:
        """Cosines by kind, of the first faces; a kind that there is none of is left out.

        ``encrypted``, ``recovered``, ``wrong`` and ``near_miss`` with the inversion (else the photo), ``different
        people`` among these, and ``same person``: two photos of one, of the pairs that calibrate.
        """
        found: dict[str, Tensor] = {}
        if self.pairs.same.any():
            found["same person"] = self.pairs.cosines[self.pairs.same].float()
        reference = X if any(X in batch for batch in self._batches) else PHOTO
        different = strangers(self.embeddings(reference), "").cosines.float()
        if len(different):
            found["different people"] = different
        for name in (X_ENC1, X_DEC, X_WRONG1, X_NEAR_MISS):
            both = self._together(name, reference)
            if len(both[0]):
                found[name] = F.cosine_similarity(both[0][:SHOWN], both[1][:SHOWN], dim=1)
        return found

    def embeddings(self, name: str) -> Float[Tensor, "n d"]:
        """Embeddings of the first faces' images of that name, not normalised; none where there is no such image."""
        return self._together(name)[0][:SHOWN]

    def _metrics(self, threshold: float) -> dict[Statistic, FaceMean]:
        settings = {"resamples": self.resamples, "seed": self.seed}
        return {
            Statistic.RATE: IdentificationRate(threshold, **settings),
            Statistic.RANK_1: RankOneRate(**settings),
            Statistic.MEAN_COSINE: MeanCosine(**settings),
        }

    def _together(self, *names: str) -> list[Float[Tensor, "n d"]]:
        """Embeddings of these images, of the faces that have all of them."""
        batches = [batch for batch in self._batches if all(name in batch for name in names)]
        if not batches:
            return [torch.zeros(0, 1) for _ in names]
        return [torch.cat([batch[name] for batch in batches]) for name in names]
