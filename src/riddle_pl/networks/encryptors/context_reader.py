"""Predicts a face's code from the photo around the face."""

from jaxtyping import Float
from torch import Tensor, nn

SIDE = 32
"""Input side in pixels."""
GROUPS = 8


class ContextReader(nn.Module):
    """Convolutional regression of the mean of a code's components, given the photo around the face.

    Args:
        components: K, coordinates of a code.
        channels: of the first convolution, a multiple of 8; later ones have two and four times as many.
        dropout: before the last layer.

    Raises:
        ValueError: ``channels`` is no positive multiple of 8.
    """

    def __init__(self, components: int, channels: int, dropout: float = 0.3):
        super().__init__()
        if channels < GROUPS or channels % GROUPS:
            raise ValueError(f"channels is {channels}; expected a positive multiple of {GROUPS}")
        wide, widest = 2 * channels, 4 * channels
        self.trunk = nn.Sequential(
            *_convolution(4, channels, 2),
            *_convolution(channels, wide, 2),
            *_convolution(wide, wide, 1),
            *_convolution(wide, widest, 2),
            *_convolution(widest, widest, 1),
            nn.Flatten(),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(widest * (SIDE // 8) ** 2, components)

    def forward(self, around: Float[Tensor, "b 4 s s"]) -> Float[Tensor, "b k"]:
        """E[v | around].

        Args:
            around: of :func:`riddle_pl.photos.without_face.without_face`, 32 x 32 pixels.
        """
        mean: Tensor = self.head(self.trunk(around))
        return mean


def _convolution(before: int, after: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride, 1), nn.GroupNorm(GROUPS, after), nn.GELU()]
