"""The FFHQ alignment: the square of a photo that becomes x, and sampling it.

Coordinates are (x, y) in pixels, continuous, from the top left corner of the picture: the centre of the first pixel is
(0.5, 0.5). A quad is the four corners of the square in the photo, in the order top left, bottom left, bottom right, top
right of the aligned crop, as in the FFHQ data set's script (https://github.com/NVlabs/ffhq-dataset).
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from riddle_pl.errors import PhotoError

MAX_SIDE_RATIO = 16.0
"""A quad larger than this many times the photo is taken for damaged."""


def ffhq_quad(points: Float[np.ndarray, "5 2"]) -> Float[np.ndarray, "4 2"]:
    """The FFHQ crop square from two eyes, nose and two mouth corners (the nose is not used).

    Its side is the larger of 4 eye distances and 3.6 eye-to-mouth distances; its horizontal axis is the mean of the
    eye line and the normal of the eye-to-mouth line; its centre lies a tenth of the way from the eyes to the mouth.

    Raises:
        PhotoError: the points are not finite, or coincide.
    """
    if points.shape != (5, 2) or not np.isfinite(points).all():
        raise PhotoError(f"face points {points.tolist()} are not five finite (x, y) pairs; use another photo")
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    eye_to_eye, eye_to_mouth = points[1] - points[0], mouth - eyes
    across = eye_to_eye + np.array([eye_to_mouth[1], -eye_to_mouth[0]])
    length = float(np.linalg.norm(across))
    if length < 1e-6:
        raise PhotoError("face points coincide or contradict each other; use another photo")
    half_side = max(2.0 * float(np.linalg.norm(eye_to_eye)), 1.8 * float(np.linalg.norm(eye_to_mouth)))
    right = across * (half_side / length)
    down = np.array([-right[1], right[0]])
    centre = eyes + 0.1 * eye_to_mouth
    return np.stack([centre - right - down, centre - right + down, centre + right + down, centre + right - down])


def quad_side(quad: Float[np.ndarray, "4 2"]) -> float:
    """Side of the quad in photo pixels."""
    return float(np.linalg.norm(quad[3] - quad[0]))


def crop_to_photo(quad: Float[np.ndarray, "4 2"], size: int) -> Float[np.ndarray, "2 3"]:
    """The affine map from the coordinates of a ``size`` px crop to those of the photo."""
    right, down = (quad[3] - quad[0]) / size, (quad[1] - quad[0]) / size
    return np.stack([right, down, quad[0]], axis=1)


def photo_to_crop(quad: Float[np.ndarray, "4 2"], size: int) -> Float[np.ndarray, "2 3"]:
    """The inverse of :func:`crop_to_photo`."""
    forward = crop_to_photo(quad, size)
    inverse = np.linalg.inv(forward[:, :2])
    return np.concatenate([inverse, -inverse @ forward[:, 2:]], axis=1)


def transform_points(affine: Float[np.ndarray, "2 3"], points: Float[np.ndarray, "k 2"]) -> Float[np.ndarray, "k 2"]:
    """Applies an affine map to points, for instance to see where landmarks fall in the crop."""
    moved: np.ndarray = points @ affine[:, :2].T + affine[:, 2]
    return moved


def align_face(
    image: UInt8[np.ndarray, "h w 3"] | Image.Image, quad: Float[np.ndarray, "4 2"], size: int
) -> Float[Tensor, "1 3 size size"]:
    """Samples the quad as a ``size`` px crop in [-1, 1].

    Every output pixel is the mean of bilinear samples at most one photo pixel apart (no aliasing). Beyond the border
    the photo is mirrored.

    Raises:
        PhotoError: the quad is not a square over the photo.
    """
    pixels = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    check_quad(quad, pixels.shape[0], pixels.shape[1])
    shrink = max(1, int(quad_side(quad) / (2 * size)))
    region, origin = _region(pixels, quad, shrink)
    samples = max(1, math.ceil(quad_side(quad) / shrink / size))
    affine = crop_to_photo((quad - origin) / shrink, size * samples)
    fine = _sample(region, affine, size * samples, size * samples)
    return F.avg_pool2d(fine, samples) / 127.5 - 1.0


def check_quad(quad: Float[np.ndarray, "4 2"], height: int, width: int) -> None:
    """Makes sure that a quad is a square that lies over a photo of ``height`` x ``width``, at least in part.

    Raises:
        PhotoError: it is not.
    """
    if quad.shape != (4, 2) or not np.isfinite(quad).all():
        raise PhotoError(f"alignment quad {quad.tolist()} is not four finite (x, y) corners")
    side = quad_side(quad)
    if not 1.0 <= side <= MAX_SIDE_RATIO * max(height, width):
        raise PhotoError(f"alignment quad has a side of {side:.1f} px in a photo of {width} x {height}; not a face")
    if not np.allclose(quad[0] + quad[2], quad[1] + quad[3], atol=1e-3 * side):
        raise PhotoError(f"alignment quad {quad.tolist()} is not a square")
    low, high = quad.min(axis=0), quad.max(axis=0)
    if (high <= 0).any() or low[0] >= width or low[1] >= height:
        raise PhotoError(f"alignment quad {quad.tolist()} lies outside the photo of {width} x {height}")


def _region(
    pixels: UInt8[np.ndarray, "h w 3"], quad: Float[np.ndarray, "4 2"], shrink: int
) -> tuple[Float[Tensor, "1 3 h2 w2"], Float[np.ndarray, "2"]]:
    """The part of the photo around the quad, averaged over ``shrink`` x ``shrink`` pixels, and its top left corner."""
    height, width = pixels.shape[:2]
    margin = 2 * (shrink + 1)  # keeps the sampling kernels inside
    left, top = (max(0, math.floor(value) - margin) for value in quad.min(axis=0))
    right, bottom = (math.ceil(value) + margin for value in quad.max(axis=0))
    part = np.ascontiguousarray(pixels[top : min(height, bottom), left : min(width, right)])
    if shrink > 1:
        part = np.asarray(Image.fromarray(part).reduce(shrink)).copy()
    tensor = torch.from_numpy(part).permute(2, 0, 1)[None].float()
    return tensor, np.array([left, top], dtype=np.float64)


def positions(affine: Float[np.ndarray, "2 3"], height: int, width: int) -> Float[Tensor, "height width 2"]:
    """Where the affine map sends the pixel centres of a ``height`` x ``width`` picture."""
    a = torch.from_numpy(affine)
    x = torch.arange(width, dtype=torch.float64) + 0.5
    y = torch.arange(height, dtype=torch.float64) + 0.5
    return x[None, :, None] * a[:, 0] + y[:, None, None] * a[:, 1] + a[:, 2]


def _sample(
    source: Float[Tensor, "1 c h w"], affine: Float[np.ndarray, "2 3"], height: int, width: int
) -> Float[Tensor, "1 c height width"]:
    extent = torch.tensor([source.shape[-1], source.shape[-2]], dtype=torch.float64)
    grid = (positions(affine, height, width) / extent * 2.0 - 1.0)[None].to(source.dtype)
    return F.grid_sample(source, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
