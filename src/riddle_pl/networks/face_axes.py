"""Which of a padded encryptor's coordinates draw the face itself, and which draw what is around it."""

import torch
from jaxtyping import Float64
from torch import Tensor, nn

from riddle_pl.networks.encryptors.padded import orthonormal_rows


class FaceAxes(nn.Module):
    """A subspace of the coordinates that moves the face, hardly what is around it; the rest moves hair and background.

    Coordinates of faces are about standard normal and independent, and so are those along these axes and across them:
    what lies across may be drawn anew without telling that from a code as it was found.

    Args:
        components: K, coordinates of a code.
        kept: k, dimensions of the subspace.

    Raises:
        ValueError: k is not between 1 and K.
    """

    axes: Tensor

    def __init__(self, components: int, kept: int):
        super().__init__()
        if not 1 <= kept <= components:
            raise ValueError(f"kept is {kept}; expected 1 to {components}")
        self.register_buffer("axes", torch.eye(components)[:kept])

    def along(self, c: Float64[Tensor, "b K"]) -> Float64[Tensor, "b k"]:
        """The part of coordinates that is kept."""
        along: Tensor = c @ self._axes.T
        return along

    def joined(self, along: Float64[Tensor, "b k"], rest: Float64[Tensor, "b K"]) -> Float64[Tensor, "b K"]:
        """Coordinates of a kept part, and elsewhere of ``rest``."""
        axes = self._axes
        return along @ axes + rest - (rest @ axes.T) @ axes

    @property
    def _axes(self) -> Float64[Tensor, "k K"]:
        """As orthonormal as float64, whatever the stored numbers were rounded to."""
        return orthonormal_rows(self.axes.double())

    @torch.no_grad()
    def fit(self, face: Float64[Tensor, "K K"], around: Float64[Tensor, "K K"], weight: float) -> None:
        """The k directions that move the face most, less ``weight`` times what they move around it.

        Args:
            face: sum of J^T J over people, J the derivative of what belongs to the face; its trace is 1.
            around: the same of what is around it.
        """
        _, vectors = torch.linalg.eigh(face - weight * around)
        self.axes.copy_(vectors.flip(1)[:, : len(self.axes)].T)
