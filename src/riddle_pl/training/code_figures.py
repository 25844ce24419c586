"""Validation metrics on codes: cosine similarities, and the spread over passwords and over faces."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses import ORIGINAL, StepFeatures
from riddle_pl.losses.code_space import CodeSpace
from riddle_pl.losses.features import SHARED
from riddle_pl.losses.identity import cosine

SPREAD_OF_PASSWORDS = "val/spread/passwords"
"""Variance between encryptions of one face with two passwords, relative to that of random codes."""
SPREAD_OF_FACES = "val/spread/faces"
"""Variance between encryptions of two faces with one password, likewise."""
COSINES = {
    "val/codes/deid": ((ORIGINAL, "x_enc1"), (ORIGINAL, "x_enc2")),
    "val/codes/recovery": ((ORIGINAL, "x_dec"),),
    "val/codes/wrong_password": ((ORIGINAL, "x_wrong1"), (ORIGINAL, "x_wrong2")),
    "val/codes/two_passwords": (("x_enc1", "x_enc2"),),
    "val/codes/two_wrong_passwords": (("x_wrong1", "x_wrong2"),),
}
"""Pairs of codes whose mean cosine is logged, by metric."""
CODE_FIGURES = (*COSINES, SPREAD_OF_PASSWORDS, SPREAD_OF_FACES)
"""Names of all metrics on codes."""


def code_figures(features: StepFeatures, space: CodeSpace) -> dict[str, Tensor]:
    """Cosines of codes, averaged over layers, and both spreads; that of faces needs at least two.

    Args:
        features: of a step with ``shared`` codes.
        space: the step's.
    """
    of = {name: features.whitened(name) for name in features.latents}
    rows = {name: codes.flatten(0, 1) for name, codes in of.items()}

    def like(pairs: Sequence[tuple[str, str]]) -> Tensor:
        return torch.stack([cosine(rows[a], rows[b]).mean() for a, b in pairs]).mean()

    figures = {name: like(pairs) for name, pairs in COSINES.items()}
    figures[SPREAD_OF_PASSWORDS] = half_distance(of["x_enc1"], of["x_enc2"]) / space.variance
    shared = of[SHARED]
    first, second = torch.triu_indices(len(shared), len(shared), offset=1, device=shared.device)
    if len(first):
        figures[SPREAD_OF_FACES] = half_distance(shared[first], shared[second]) / space.variance
    return figures


def half_distance(a: Float[Tensor, "k n d"], b: Float[Tensor, "k n d"]) -> Float[Tensor, ""]:
    """Half the mean squared difference, which is the variance of independent codes."""
    return (a - b).square().mean() / 2
