"""What every loss term has in common: a weight, the features that it needs, and checks of its settings."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.errors import ConfigError, did_you_mean
from riddle_pl.losses.features import ORIGINAL, PRODUCED, Role, StepFeatures
from riddle_pl.losses.gather import of_all_processes


class LossTerm(nn.Module, ABC):
    """One term of L_total. A subclass gives the unweighted value; :class:`RiddleLoss` applies ``weight``.

    Args:
        weight: factor of the term in L_total; 0 leaves the term out and costs nothing.

    Raises:
        ConfigError: ``weight`` is negative or not finite.
    """

    role: ClassVar[Role | None] = None
    """The feature network that the term needs, if any."""

    image_names: Sequence[str] = (ORIGINAL, *PRODUCED)
    """The images whose features the term compares."""

    def __init__(self, weight: float):
        super().__init__()
        if not (math.isfinite(weight) and weight >= 0):
            raise ConfigError(f"weight={weight} in {type(self).__name__}; expected a finite number of at least 0")
        self.weight = float(weight)

    smallest_batch: ClassVar[int] = 1
    """Smallest batch over all processes for which the term is defined."""

    def together(self, x: Float[Tensor, "b *shape"]) -> Float[Tensor, "nb *shape"]:
        """``x`` of all processes in training, see :func:`of_all_processes`; validation is not distributed."""
        return of_all_processes(x) if self.training else x

    @property
    def needs(self) -> Mapping[Role, Sequence[str]]:
        """Feature networks to run, and on which images."""
        return {} if self.role is None else {self.role: self.image_names}

    @abstractmethod
    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        """The unweighted value, a mean over the batch."""

    def extra_repr(self) -> str:
        return f"weight={self.weight}"


class IdentityTerm(LossTerm):
    """A term on cosines of identity embeddings."""

    role: ClassVar[Role | None] = "recogniser"

    def embedding(self, step: StepFeatures, name: str) -> Float[Tensor, "rows d"]:
        """The recogniser's embedding of each face."""
        return step.embedding(name)


class MarginTerm(IdentityTerm):
    """A term that lowers cosines to a margin.

    Args:
        weight: factor of the term in L_total.
        margin: cosine up to which there is no penalty.
        squared: square the excess over the margin, so that the most similar pairs have most weight.

    Raises:
        ConfigError: ``margin`` is outside [-1, 1).
    """

    def __init__(self, weight: float = 1.0, margin: float = 0.1, squared: bool = False):
        super().__init__(weight)
        if not -1 <= margin < 1:
            raise ConfigError(f"margin={margin} in {type(self).__name__}; expected a cosine in [-1, 1)")
        self.margin = float(margin)
        self.squared = squared

    def extra_repr(self) -> str:
        return f"weight={self.weight}, margin={self.margin}, squared={self.squared}"


class ImagesTerm(LossTerm):
    """A term that compares the original with each of several generated images, summed as in the authors' code.

    Args:
        weight: factor of the term in L_total.
        images: generated images that the term compares with the original; all five by default.

    Raises:
        ConfigError: an image that does not exist, one named twice, or none at all.
    """

    def __init__(self, weight: float, images: Sequence[str] = PRODUCED):
        super().__init__(weight)
        for name in images:
            check_name(name, PRODUCED, f"image of {type(self).__name__}")
        if not images or len(set(images)) < len(images):
            raise ConfigError(
                f"images={list(images)} in {type(self).__name__}; expected some of {', '.join(PRODUCED)}, each once"
            )
        self.images = tuple(images)
        self.image_names = (ORIGINAL, *self.images)

    def extra_repr(self) -> str:
        return f"weight={self.weight}, images={list(self.images)}"


def check_name(name: str, choices: Iterable[str], what: str) -> None:
    """Raises ConfigError naming the nearest choice when ``name`` is none of the ``choices``."""
    names = list(choices)
    if name in names:
        return
    hint = did_you_mean(name, names)
    raise ConfigError(f"{what} {name!r} is unknown; {hint}choose from {', '.join(sorted(names))}")
