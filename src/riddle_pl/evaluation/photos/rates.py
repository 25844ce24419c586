"""Identification rates over the faces of photos."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.evaluation.photos.trial import IMAGES, Trial
from riddle_pl.evaluation.scores import identity
from riddle_pl.evaluation.scores.base import Row
from riddle_pl.judging.measures import Statistic
from riddle_pl.judging.metrics import bootstrap
from riddle_pl.photos.gate.refusal import Reason

COMPARISONS = tuple(c for c in identity.COMPARISONS if {c.image, c.reference} <= {*IMAGES})
"""Those of ``riddle-eval`` for which there are images."""

Embed = Callable[[Float[Tensor, "b 3 h h"]], Float[Tensor, "b d"]]


class Rates:
    """Accumulates cosines of face comparisons.

    Args:
        judge: name of a recogniser.
        embed: its embeddings.
        same_person: cosine above which it takes two images for one person.
    """

    def __init__(self, judge: str, embed: Embed, same_person: float):
        self.judge = judge
        self.embed = embed
        self.same_person = same_person
        self._cosines: list[Float[Tensor, "b comparisons"]] = []
        self._passed: list[bool] = []

    def update(self, trial: Trial) -> None:
        """Takes the faces of one more photo."""
        if not trial.images:
            return
        embeddings = {name: self.embed(trial.images[name]) for name in IMAGES}
        pairs = [F.cosine_similarity(embeddings[c.image], embeddings[c.reference], dim=1) for c in COMPARISONS]
        self._cosines.append(torch.stack(pairs, dim=1))
        self._passed += [reason is None for reason in trial.refused if reason is not Reason.NOT_ALIGNED]

    def rows(self, resamples: int, seed: int) -> list[Row]:
        """Two rows per comparison: over all aligned faces, and over those that pass the gate."""
        cosines = torch.cat(self._cosines) if self._cosines else torch.zeros(0, len(COMPARISONS))
        same = (cosines > self.same_person).double()
        passed: Bool[Tensor, "n"] = torch.tensor(self._passed, dtype=torch.bool)
        return [
            Row(self.judge, c.metric, c.image, c.reference, statistic, c.better, bootstrap(faces, resamples, seed))
            for c, column in zip(COMPARISONS, same.unbind(dim=1), strict=True)
            for statistic, faces in ((Statistic.PASSED_RATE, column[passed]), (Statistic.RATE, column))
        ]


def count_reasons(trials: Sequence[Trial]) -> dict[str, int]:
    """Refused faces by reason; every reason is listed."""
    reasons = [reason for trial in trials for reason in trial.refused]
    return {str(reason): reasons.count(reason) for reason in Reason}
