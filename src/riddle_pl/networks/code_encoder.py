"""Photo to the coordinates of a code model, and through them to W+."""

from collections.abc import Mapping
from typing import Self

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.code_model import GaussianCodeModel
from riddle_pl.networks.lite_encoder import GRID, EncoderTrunk
from riddle_pl.networks.resize import resize
from riddle_pl.networks.stylegan2 import EqualizedLinear


class CodeEncoder(EncoderTrunk):
    """A residual trunk, its features at 4, 8 and 16 pixels, and one linear layer to the K coordinates of a code.

    A recogniser's embedding is a second input of the linear layer, because it describes identity better than the trunk.

    Args:
        size: input side of the trunk in pixels; larger faces are downsampled by averaging.
        channels: feature maps per resolution, from ``size`` down to 4.
        groups, rank: of the :class:`~riddle_pl.networks.code_model.GaussianCodeModel`.
        hidden: width of each of the four feature vectors (two from the smallest map).
        recogniser: takes FFHQ-aligned faces in [-1, 1]; saved with the encoder, never trained.
        embedding: width of the recogniser's embedding; 0 without one.

    Raises:
        ValueError: one of these two without the other.
    """

    def __init__(
        self,
        size: int,
        channels: Mapping[int, int],
        groups: tuple[int, ...],
        rank: int,
        hidden: int = 256,
        recogniser: nn.Module | None = None,
        embedding: int = 0,
    ):
        super().__init__(size, channels)
        if (recogniser is None) != (embedding == 0):
            raise ValueError(f"embedding is {embedding}; expected the width of a recogniser's, and 0 without one")
        self.size = size
        self.codes = GaussianCodeModel(groups, rank)
        self.num_layers = self.codes.num_layers
        sides = (4, 4, 8, 16)
        self.read = nn.ModuleList(
            EqualizedLinear(int(channels[side]) * GRID**2, hidden, activate=True) for side in sides
        )
        self.recogniser = recogniser if recogniser is None else recogniser.eval().requires_grad_(False)
        self.write = nn.Linear(len(sides) * hidden + embedding, self.codes.size)

    def train(self, mode: bool = True) -> Self:
        """Keeps the recogniser in evaluation mode."""
        super().train(mode)
        if self.recogniser is not None:
            self.recogniser.eval()
        return self

    def features(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b f"]:
        """Input of the linear layer."""
        maps = self.maps(resize(x, (self.size, self.size)))
        seen = [F.adaptive_avg_pool2d(maps[side], GRID).flatten(1) for side in (4, 4, 8, 16)]
        readings = [read(part) for read, part in zip(self.read, seen, strict=True)]
        if self.recogniser is not None:
            with torch.no_grad():
                embedding: Tensor = self.recogniser(x)
            readings.append(embedding * embedding.shape[1] ** 0.5)  # from unit norm to unit variance per component
        return torch.cat(readings, dim=1)

    def coordinates(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b k"]:
        """Images in [-1, 1], FFHQ-aligned, of at least ``size`` pixels, to coordinates of their codes."""
        v: Tensor = self.write(self.features(x))
        return v

    def forward(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n d"]:
        """Images to W+ codes."""
        return self.codes.decode(self.coordinates(x))
