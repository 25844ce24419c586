"""Putting synthesised faces back into the photo, at its own resolution; no pixel outside their masks changes."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from riddle_pl.faces.align import check_quad, photo_to_crop, positions, quad_side

BAND_PIXELS = 1 << 18
"""Pixels that are pasted at a time: the memory needed does not grow with the photo."""
ENLARGED = 512
"""Faces and masks are enlarged smoothly (bicubic) up to this side, and from there bilinearly."""
BORDER = 0.03
"""Half width of the soft border between overlapping faces, as a share of their squares' sides."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A face to paste.

    Args:
        x: in [-1, 1].
        mask: its weight in [0, 1] over the square; 0 at the sides.
        quad: the square's corners in the photo.
    """

    x: Float[Tensor, "3 s s"]
    mask: Float[Tensor, "m m"]
    quad: Float[np.ndarray, "4 2"]


@dataclass(frozen=True, eq=False)
class Support:
    """The pixels that a layer may change: those of ``changed`` (h, w), which lies at rows ``top`` and columns ``left``
    on.
    """

    top: int
    left: int
    changed: Bool[np.ndarray, "h w"]


def paste_layers(
    photo: UInt8[np.ndarray, "h w 3"], layers: Sequence[Layer], neighbours: Sequence[Float[np.ndarray, "4 2"]] = ()
) -> UInt8[np.ndarray, "h w 3"]:
    """A copy of the photo with the layers in it, the smallest first: what is larger is nearer, and lies on top.

    Where squares overlap, each pixel belongs to the face whose centre is nearest, in units of its square's side.

    Args:
        neighbours: squares of faces that are not pasted and keep the pixels that are theirs.

    Raises:
        PhotoError: a quad is not a square over the photo.
    """
    result = photo.copy()
    for layer, rivals in _ordered(layers, neighbours):
        stack = _stack(layer)
        for band in _bands(layer.quad, *photo.shape[:2]):
            values = _sample(stack, layer.quad, band)
            weight = values[3] * _share(layer.quad, rivals, band)
            colours = ((values[:3] + 1.0) * 127.5).clamp(0.0, 255.0).permute(1, 2, 0)
            before = torch.from_numpy(result[band.rows, band.columns].astype(np.float32))
            after = torch.lerp(before, colours, weight[..., None])
            result[band.rows, band.columns] = after.round().to(torch.uint8).numpy()
    return result


def supports(
    photo_size: tuple[int, int], layers: Sequence[Layer], neighbours: Sequence[Float[np.ndarray, "4 2"]] = ()
) -> list[Support]:
    """Which pixels of a photo of (width, height) :func:`paste_layers` may change, by layer in the order given."""
    width, height = photo_size
    found: dict[int, Support] = {}
    for layer, rivals in _ordered(layers, neighbours):
        stack = _stack(layer)[:, 3:]
        bands = list(_bands(layer.quad, height, width))
        parts = [(_sample(stack, layer.quad, band)[0] * _share(layer.quad, rivals, band)) > 0 for band in bands]
        changed = torch.cat(parts).numpy()
        found[id(layer)] = Support(bands[0].rows.start, bands[0].columns.start, changed)
    return [found[id(layer)] for layer in layers]


@dataclass(frozen=True)
class _Band:
    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def origin(self) -> Float[np.ndarray, "2"]:
        return np.array([self.columns.start, self.rows.start], dtype=np.float64)


def _ordered(
    layers: Sequence[Layer], neighbours: Sequence[Float[np.ndarray, "4 2"]]
) -> Iterator[tuple[Layer, list[Float[np.ndarray, "4 2"]]]]:
    """Each layer with the squares that it shares pixels with."""
    for layer in sorted(layers, key=lambda layer: quad_side(layer.quad)):
        others = [other.quad for other in layers if other is not layer] + list(neighbours)
        yield layer, [quad for quad in others if _overlap(layer.quad, quad)]


def _overlap(a: Float[np.ndarray, "4 2"], b: Float[np.ndarray, "4 2"]) -> bool:
    """Whether the upright boxes around two squares overlap."""
    return bool(((a.min(axis=0) < b.max(axis=0)) & (b.min(axis=0) < a.max(axis=0))).all())


def _bands(quad: Float[np.ndarray, "4 2"], height: int, width: int) -> Iterator[_Band]:
    check_quad(quad, height, width)
    left, top = (max(0, math.floor(value)) for value in quad.min(axis=0))
    right, bottom = min(width, math.ceil(quad[:, 0].max())), min(height, math.ceil(quad[:, 1].max()))
    step = max(1, BAND_PIXELS // (right - left))
    for start in range(top, bottom, step):
        yield _Band(slice(start, min(start + step, bottom)), slice(left, right))


def _stack(layer: Layer) -> Float[Tensor, "1 4 t t"]:
    """Face and mask, brought near to the size at which they are pasted."""
    side = quad_side(layer.quad)
    target = max(1, min(round(side), max(ENLARGED, layer.x.shape[-1])))

    def resized(image: Tensor) -> Tensor:
        if image.shape[-1] == target:
            return image[None]
        return F.interpolate(image[None], (target, target), mode="bicubic", antialias=True, align_corners=False)

    return torch.cat([resized(layer.x), resized(layer.mask[None]).clamp(0.0, 1.0)], dim=1)


def _sample(stack: Float[Tensor, "1 c t t"], quad: Float[np.ndarray, "4 2"], band: _Band) -> Float[Tensor, "c h w"]:
    """The values at the pixels of a band; 0 outside of the square."""
    affine = photo_to_crop(quad - band.origin, 1)
    grid = positions(affine, *band.shape) * 2.0 - 1.0
    return F.grid_sample(stack, grid[None].float(), mode="bilinear", padding_mode="zeros", align_corners=False)[0]


def _share(
    quad: Float[np.ndarray, "4 2"], rivals: Sequence[Float[np.ndarray, "4 2"]], band: _Band
) -> Float[Tensor, "h w"] | float:
    """How much of each pixel belongs to ``quad`` rather than to its rivals, in [0, 1]."""
    if not rivals:
        return 1.0
    own = _distance(quad, band)
    nearest = torch.stack([_distance(rival, band) for rival in rivals]).amin(dim=0)
    return (0.5 + (nearest - own) / (2 * BORDER)).clamp(0.0, 1.0)


def _distance(quad: Float[np.ndarray, "4 2"], band: _Band) -> Float[Tensor, "h w"]:
    """From the square's centre, in units of its side."""
    height, width = band.shape
    x, y = (quad.mean(axis=0) - band.origin) / quad_side(quad)
    columns = (torch.arange(width) + 0.5) / quad_side(quad) - x
    rows = (torch.arange(height) + 0.5) / quad_side(quad) - y
    return torch.hypot(rows[:, None], columns[None, :])
