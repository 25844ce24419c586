"""Training stages, on pictures or on codes alone, and what their validation measures and shows."""

from collections.abc import Set
from typing import Protocol

from torch import Tensor

from riddle_pl.losses import ORIGINAL, PRODUCED, StepFeatures
from riddle_pl.losses.features import Role
from riddle_pl.losses.identity import cosine

COSINES = ("val/cosine/deid", "val/cosine/recovery", "val/cosine/wrong_password")
"""Metrics of :class:`PictureStage`, in its order."""


class Stage(Protocol):
    """What validation measures and shows, besides the terms of the loss."""

    @property
    def roles(self) -> Set[Role]:
        """Networks that validation uses in addition to those of the loss, if the pack has them."""
        ...

    def measure(self, features: StepFeatures) -> dict[str, Tensor]:
        """Metrics of a validation step, by logged name."""
        ...

    def pictures(self, features: StepFeatures) -> dict[str, Tensor]:
        """Images to log, by name."""
        ...


class PictureStage:
    """The paper's: cosines of the recogniser, and the images of every code."""

    roles: Set[Role] = frozenset({"recogniser"})

    def measure(self, features: StepFeatures) -> dict[str, Tensor]:
        """Mean cosine of the face with its encryptions, its recovery, and its wrong decryptions."""
        if features.networks["recogniser"] is None:
            return {}
        features.fetch("recogniser", (ORIGINAL, *PRODUCED))
        of = {name: cosine(features.embedding(ORIGINAL), features.embedding(name)).mean() for name in PRODUCED}
        values = ((of["x_enc1"] + of["x_enc2"]) / 2, of["x_dec"], (of["x_wrong1"] + of["x_wrong2"]) / 2)
        return dict(zip(COSINES, values, strict=True))

    def pictures(self, features: StepFeatures) -> dict[str, Tensor]:
        return {name: features.image(name) for name in (ORIGINAL, *PRODUCED)}


class CodesStage:
    """Beyond the paper: codes alone. Neither generator nor recogniser runs unless the loss needs it."""

    roles: Set[Role] = frozenset()

    def measure(self, features: StepFeatures) -> dict[str, Tensor]:
        return {}

    def pictures(self, features: StepFeatures) -> dict[str, Tensor]:
        return {}
