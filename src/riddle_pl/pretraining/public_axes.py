"""Directions of a code model that explain most of the landmarks and coarse colours of drawn faces."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.judging.detectors import Detector

GRID = 4
FACE = slice(5 / 16, 7 / 8), slice(7 / 32, 25 / 32)
"""Rows and columns of an aligned image that the colours are taken from, in shares of the side."""
LANDMARKS, COLOURS = 3.0, 1.0
"""Weights of the two in the regression, in standard deviations of all landmarks and of all colours."""
RIDGE = 0.1
"""Times the number of faces."""


@dataclass(frozen=True)
class PublicDirections:
    """Directions of unencrypted coordinates: those that explain most of pose, outline and light of generated faces.

    Args:
        count: how many; 0: none.
        landmarks: finds the landmarks of drawn faces.

    Raises:
        ConfigError: fewer than 0.
    """

    count: int
    landmarks: Detector

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ConfigError(f"recipe.public.count={self.count}; give 0 or more")

    def axes(self, v: Float[Tensor, "m k"], x: Float[Tensor, "m 3 h h"]) -> tuple[Float[Tensor, "k k"], float]:
        """See :func:`public_axes`.

        Args:
            v: coordinates of faces drawn from the model.
            x: these faces, in [-1, 1].
        """
        points = self.landmarks.locate(x).points
        seen = ~points.flatten(1).isnan().any(dim=1)
        return public_axes(v[seen], shown(x[seen], points[seen]), self.count)


def shown(x: Float[Tensor, "m 3 h h"], points: Float[Tensor, "m k 2"]) -> Float[Tensor, "m t"]:
    """Regression targets: standardised landmarks, and colours of a coarse grid over the face.

    Args:
        x: aligned faces in [-1, 1].
        points: (x, y) of their landmarks in pixels.
    """
    rows, columns = (slice(round(part.start * x.shape[-1]), round(part.stop * x.shape[-1])) for part in FACE)
    colours = F.adaptive_avg_pool2d(x[..., rows, columns], GRID).flatten(1)
    parts = []
    for values, weight in ((points.flatten(1), LANDMARKS), (colours, COLOURS)):
        centred = values - values.mean(dim=0)
        parts.append(weight * centred / centred.square().mean().sqrt())
    return torch.cat(parts, dim=1)


def public_axes(
    v: Float[Tensor, "m k"], targets: Float[Tensor, "m t"], count: int
) -> tuple[Float[Tensor, "k k"], float]:
    """Orthonormal axes of the coordinates, the most predictive of the targets first.

    Reduced-rank regression: the leading principal components of a ridge regression's predictions.

    Args:
        v: coordinates of faces drawn from the model.
        targets: of :func:`shown`.
        count: r; the axes do not depend on it.

    Returns:
        The axes as rows; and the share of the targets' variance that the first ``count`` coordinates predict.
    """
    v, targets = v.double(), targets.double()
    ridge = RIDGE * len(v) * torch.eye(v.shape[1], dtype=v.dtype)
    weights = torch.linalg.solve(v.T @ v + ridge, v.T @ targets)
    _, _, components = torch.linalg.svd(v @ weights, full_matrices=False)
    ordered = weights @ components.T
    axes = torch.linalg.qr(torch.cat([ordered, torch.eye(v.shape[1], dtype=v.dtype)], dim=1)).Q.T
    kept = v @ axes[:count].T
    rest = targets - kept @ torch.linalg.lstsq(kept, targets).solution
    return axes.float(), float(1.0 - rest.square().sum() / targets.square().sum())
