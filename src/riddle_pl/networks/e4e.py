"""The e4e encoder (Tov et al., SIGGRAPH 2021): image to W+, with public key names.

An IR-SE body gives features at three scales. The first style head gives one code for all layers; each further
head adds an offset to its own layer, from coarse features for the first layers to fine ones for the last.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.irse import PUBLIC_BLOCKS, PUBLIC_WIDTHS, irse_body, irse_input
from riddle_pl.networks.resize import resize
from riddle_pl.networks.stylegan2 import EqualizedLinear

COARSE_LAYERS = 3
"""Layers 0 to 2 are read from the coarse features, at a sixteenth of the input's resolution."""

MIDDLE_LAYERS = 7
"""Layers 3 to 6 are read at an eighth, the rest at a quarter."""


class StyleHead(nn.Module):
    """Features of ``side`` pixels to one code: stride-2 convolutions down to one pixel, then a linear layer."""

    def __init__(self, dim: int, side: int):
        super().__init__()
        stages: list[nn.Module] = []
        for _ in range(side.bit_length() - 1):
            stages += [nn.Conv2d(dim, dim, 3, stride=2, padding=1), nn.LeakyReLU(0.01)]
        self.convs = nn.Sequential(*stages)
        self.linear = EqualizedLinear(dim, dim)

    def forward(self, x: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d"]:
        code: Tensor = self.linear(self.convs(x).flatten(1))
        return code


class E4EEncoder(nn.Module):
    """Image to W+ offsets from the mean latent.

    Args:
        size: side of the input in pixels, a power of two of at least 32 (256 in every public checkpoint, also in
            those for 1024 px generators).
        num_layers: W+ layers of the generator (14 at 256 px, 18 at 1024 px).
        widths: channels of the body's four stages.
        blocks: residual units of the body's four stages.
        dim: width of w.

    Raises:
        ValueError: ``size`` is not such a power of two, or the body has not four stages.
    """

    def __init__(
        self,
        size: int = 256,
        num_layers: int = 14,
        widths: Sequence[int] = PUBLIC_WIDTHS,
        blocks: Sequence[int] = PUBLIC_BLOCKS,
        dim: int = 512,
    ):
        super().__init__()
        if size < 32 or size & (size - 1):
            raise ValueError(f"size is {size}; expected a power of two of at least 32")
        if len(widths) != 4 or len(blocks) != 4:
            raise ValueError(f"widths are {tuple(widths)} and blocks {tuple(blocks)}; expected four stages of each")
        self.size = size
        self.num_layers = num_layers
        self.input_layer = irse_input(widths[0])
        self.body = irse_body(widths, blocks)
        self.fine_end = sum(blocks[:2])
        self.middle_end = sum(blocks[:3])
        sides = [self._scale(layer) for layer in range(num_layers)]
        self.styles = nn.ModuleList(StyleHead(dim, side) for side in sides)
        self.latlayer1 = nn.Conv2d(widths[2], dim, 1)
        self.latlayer2 = nn.Conv2d(widths[1], dim, 1)
        self.coarse = nn.Identity() if widths[3] == dim else nn.Conv2d(widths[3], dim, 1)

    def _scale(self, layer: int) -> int:
        """Side of the features that the head of ``layer`` reads."""
        if layer < COARSE_LAYERS:
            return self.size // 16
        return self.size // 8 if layer < MIDDLE_LAYERS else self.size // 4

    def forward(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n d"]:
        """Images in [-1, 1] of exactly ``size`` pixels to ``w - latent_avg``.

        Raises:
            ValueError: the image has another size.
        """
        if tuple(x.shape[2:]) != (self.size, self.size):
            raise ValueError(f"image is {x.shape[2]}x{x.shape[3]}; this encoder takes {self.size}x{self.size}")
        fine = self.body[: self.fine_end](self.input_layer(x))
        middle = self.body[self.fine_end : self.middle_end](fine)
        coarse = self.coarse(self.body[self.middle_end :](middle))
        middle = _enlarge(coarse, self.latlayer1(middle))
        fine = _enlarge(middle, self.latlayer2(fine))

        shared = self.styles[0](coarse)
        codes = [shared]
        for layer, head in enumerate(self.styles[1:], start=1):
            features = coarse if layer < COARSE_LAYERS else middle if layer < MIDDLE_LAYERS else fine
            codes.append(shared + head(features))
        return torch.stack(codes, dim=1)


def _enlarge(x: Tensor, finer: Tensor) -> Tensor:
    """Feature pyramid: the coarser map, enlarged, plus the finer one."""
    return F.interpolate(x, finer.shape[2:], mode="bilinear", align_corners=True) + finer


class E4EInverter(nn.Module):
    """Inversion: image to the W+ code of the generator's nearest image.

    Args:
        encoder: image of ``encoder.size`` pixels to offsets (b, n, d).
        latent_avg: mean latent (n, d) or (d,), which the offsets are added to.

    Raises:
        ValueError: ``latent_avg`` is for another number of layers.
    """

    latent_avg: Tensor

    def __init__(self, encoder: nn.Module, latent_avg: Float[Tensor, "*n d"]):
        super().__init__()
        self.size = int(encoder.size)  # type: ignore[arg-type]  # nn.Module types every attribute as Tensor | Module
        layers = int(encoder.num_layers)  # type: ignore[arg-type]
        if latent_avg.ndim == 1:
            latent_avg = latent_avg.expand(layers, -1)
        if latent_avg.shape[0] != layers:
            raise ValueError(f"latent_avg has {latent_avg.shape[0]} layers; the encoder has {layers}")
        self.num_layers = layers
        self.encoder = encoder
        self.register_buffer("latent_avg", latent_avg.detach().clone())

    def forward(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n d"]:
        """Images in [-1, 1] of any size to w."""
        offset: Tensor = self.encoder(resize(x, (self.size, self.size)))
        return self.latent_avg + offset
