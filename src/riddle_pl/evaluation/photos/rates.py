"""Identification rates over the faces of photos."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.evaluation.photos.trial import IMAGES, Trial
from riddle_pl.evaluation.scores import identity
from riddle_pl.evaluation.scores.base import Comparison
from riddle_pl.judging.metrics import Estimate, bootstrap
from riddle_pl.photos.gate.refusal import Reason

COMPARISONS = tuple(c for c in identity.COMPARISONS if {c.image, c.reference} <= {*IMAGES})
"""Those of ``riddle-eval`` for which there are images."""

Embed = Callable[[Float[Tensor, "b 3 h h"]], Float[Tensor, "b d"]]


@dataclass(frozen=True)
class Rate:
    """Share of faces of which two images are taken for one person.

    Args:
        comparison: what is measured, on which image of a face, against which other.
        protected: over the faces that the gate lets pass.
        all_faces: over all that could be aligned.
    """

    comparison: Comparison
    protected: Estimate
    all_faces: Estimate


class Rates:
    """Embeds faces as they come, and keeps the cosines only.

    Args:
        embed: a recogniser.
        same_person: cosine above which it takes two images for one person.
    """

    def __init__(self, embed: Embed, same_person: float):
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

    def compute(self, resamples: int, seed: int) -> list[Rate]:
        """One rate per comparison, with 95 % bootstrap intervals."""
        cosines = torch.cat(self._cosines) if self._cosines else torch.zeros(0, len(COMPARISONS))
        same = (cosines > self.same_person).double()
        passed: Bool[Tensor, "n"] = torch.tensor(self._passed, dtype=torch.bool)
        return [
            Rate(
                comparison,
                protected=bootstrap(column[passed], resamples, seed),
                all_faces=bootstrap(column, resamples, seed),
            )
            for comparison, column in zip(COMPARISONS, same.unbind(dim=1), strict=True)
        ]


def count_reasons(trials: Sequence[Trial]) -> dict[str, int]:
    """Refused faces by reason; every reason is listed."""
    reasons = [reason for trial in trials for reason in trial.refused]
    return {str(reason): reasons.count(reason) for reason in Reason}
