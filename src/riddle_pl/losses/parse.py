"""L_parse: the layout of eyes, nose and mouth is preserved, and with it pose and expression."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.losses.features import ORIGINAL, PRODUCED, Role, StepFeatures
from riddle_pl.losses.term import ImagesTerm


def parse_loss(
    original: Float[Tensor, "b c h w"],
    produced: Float[Tensor, "b c h w"],
    classes: Sequence[int] | None = None,
) -> Float[Tensor, ""]:
    """Mean squared difference of the parser's logits, over the given classes (all when None).

    >>> import torch
    >>> original, produced = torch.zeros(1, 2, 1, 1), torch.tensor([2.0, 4.0]).reshape(1, 2, 1, 1)
    >>> parse_loss(original, produced).item(), parse_loss(original, produced, classes=[0]).item()
    (10.0, 4.0)
    """
    if classes is not None:
        original, produced = original[:, list(classes)], produced[:, list(classes)]
    return (original - produced).square().mean()


class ParseLoss(ImagesTerm):
    """Sum of :func:`parse_loss` over ``images``.

    Args:
        weight: λ_parse.
        images: generated images to compare with the original.
        classes: indices in CelebAMask-HQ's order (2 nose, 4 and 5 eyes, 10 mouth, 11 and 12 lips); None: all.

    Raises:
        ConfigError: ``classes`` is empty or has a negative index; at the first step, one the parser does not have.
    """

    role: ClassVar[Role | None] = "parser"

    def __init__(self, weight: float = 0.1, images: Sequence[str] = PRODUCED, classes: Sequence[int] | None = None):
        super().__init__(weight, images)
        if classes is not None and (not classes or min(classes) < 0):
            raise ConfigError(f"classes={list(classes)} in ParseLoss; expected indices of at least 0, or null for all")
        self.classes = None if classes is None else tuple(classes)

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        original = step.parse(ORIGINAL)
        if self.classes is not None and max(self.classes) >= original.shape[1]:
            raise ConfigError(
                f"classes={list(self.classes)} in ParseLoss; this parser has the classes 0 to {original.shape[1] - 1}"
            )
        return torch.stack([parse_loss(original, step.parse(name), self.classes) for name in self.images]).sum()
