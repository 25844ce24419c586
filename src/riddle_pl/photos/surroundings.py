"""Coarse greys and ORB points of a picture around its faces, to recognise the picture by."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw

from riddle_pl.photos.record.surroundings import DESCRIPTOR_BYTES, GRID, MAX_POINTS, PLACE_BYTES, Surroundings

Pixels = UInt8[np.ndarray, "h w 3"]
Quads = Sequence[Float[np.ndarray, "4 2"]]

SIDE = 480
"""Longer side in pixels of what is searched for distinctive points."""
THIN = 32
"""Shorter side of it below which no descriptor fits in."""
FACTOR, SCALES = 1.26, 6
"""Steps of the pyramid in which they are searched, each this much smaller: a third at the end."""
CONTRAST = 0.06
"""Of a corner to its neighbourhood, as a share of white."""
FINE = 8
"""Pixels per cell at which the faces' squares are drawn."""
FACE_MIDDLE, FACE_RADII = (0.5, 0.53), (0.49, 0.51)
"""Ellipse of a face's square, in shares of its side, outside of which next to nothing is pasted."""
PATCH = 22.0
"""Reach of an ORB descriptor around its point, in pixels of the level of the pyramid."""
MIN_CELLS = 8
"""Of the grid, for a comparison to mean anything."""
_MAX_PLACE = 65535


def describe(image: Pixels, quads: Quads) -> Surroundings:
    """The surroundings of a published picture.

    Args:
        quads: the faces' squares in it, in pixels.
    """
    places, descriptors, reach = _orb(image, 3 * MAX_POINTS)
    size = np.array([image.shape[1], image.shape[0]], dtype=np.float64)
    free = [not any(_covers(quad, places[i], reach[i]) for quad in quads) for i in range(len(places))]
    kept = np.flatnonzero(free)[:MAX_POINTS]
    shares = np.clip(np.round(places[kept] / size * _MAX_PLACE), 0, _MAX_PLACE).astype("<u2")
    packed = np.concatenate(
        [shares.view(np.uint8).reshape(-1, PLACE_BYTES), np.packbits(descriptors[kept], axis=1)], axis=1
    )
    grid = np.where(open_cells(image.shape[1], image.shape[0], quads), grey_grid(image), np.uint8(0))
    return Surroundings(grid.astype(np.uint8), np.ascontiguousarray(packed))


def recorded_points(
    surroundings: Surroundings, image_size: tuple[int, int]
) -> tuple[Float[np.ndarray, "k 2"], Bool[np.ndarray, "k 256"]]:
    """Places in pixels and descriptors of what :func:`describe` packed."""
    places = np.ascontiguousarray(surroundings.points[:, :PLACE_BYTES]).view("<u2").astype(np.float64)
    bits = np.unpackbits(surroundings.points[:, PLACE_BYTES:], axis=1).astype(bool)
    return places / _MAX_PLACE * np.array(image_size, dtype=np.float64), bits.reshape(-1, 8 * DESCRIPTOR_BYTES)


def distinctive_points(image: Pixels, count: int) -> tuple[Float[np.ndarray, "k 2"], Bool[np.ndarray, "k 256"]]:
    """ORB's points of a picture, the most distinctive first: places (x, y) in pixels from its outer corner."""
    return _orb(image, count)[:2]


def _orb(
    image: Pixels, count: int
) -> tuple[Float[np.ndarray, "k 2"], Bool[np.ndarray, "k 256"], Float[np.ndarray, "k"]]:
    """The points, and how far around them each descriptor reaches, in pixels."""
    from skimage.feature import ORB  # takes seconds to import

    height, width, _ = image.shape
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if min(size) < THIN:
        return _none()
    small = Image.fromarray(image).convert("L").resize(size, Image.Resampling.BOX if scale < 1 else None)
    orb = ORB(downscale=FACTOR, n_scales=SCALES, n_keypoints=count, fast_threshold=CONTRAST)
    try:
        orb.detect_and_extract(np.asarray(small, dtype=np.float64) / 255)
    except RuntimeError:  # there is none
        return _none()
    responses, keypoints, descriptors = (np.asarray(of) for of in (orb.responses, orb.keypoints, orb.descriptors))
    strongest = np.argsort(-responses, kind="stable")
    places = (keypoints[strongest][:, ::-1] + 0.5) * (np.array([width, height]) / np.array(size))
    reach = PATCH * np.asarray(orb.scales, dtype=np.float64)[strongest] / scale
    return places, descriptors[strongest].astype(bool), reach


def _none() -> tuple[Float[np.ndarray, "0 2"], Bool[np.ndarray, "0 256"], Float[np.ndarray, "0"]]:
    return np.zeros((0, 2)), np.zeros((0, 8 * DESCRIPTOR_BYTES), dtype=bool), np.zeros(0)


def grey_grid(image: Pixels) -> UInt8[np.ndarray, "g g"]:
    """Mean grey of each cell."""
    return np.asarray(Image.fromarray(image).convert("L").resize((GRID, GRID), Image.Resampling.BOX))


def open_cells(width: int, height: int, quads: Quads) -> Bool[np.ndarray, "g g"]:
    """The cells that no face's square covers."""
    drawing = Image.new("L", (GRID * FINE, GRID * FINE))
    pen = ImageDraw.Draw(drawing)
    scale = np.array([GRID * FINE / width, GRID * FINE / height])
    for quad in quads:
        pen.polygon([(float(x), float(y)) for x, y in _outline(quad) * scale], fill=1, outline=1)
    covered = np.asarray(drawing, dtype=np.float64).reshape(GRID, FINE, GRID, FINE).mean(axis=(1, 3))
    return np.asarray(covered == 0)


def _outline(quad: Float[np.ndarray, "4 2"]) -> Float[np.ndarray, "p 2"]:
    """The ellipse of a face, in pixels."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    u, v = (m + r * f(angles) for m, r, f in zip(FACE_MIDDLE, FACE_RADII, (np.cos, np.sin), strict=True))
    return np.asarray(quad[0] + u[:, None] * (quad[3] - quad[0]) + v[:, None] * (quad[1] - quad[0]))


def _covers(quad: Float[np.ndarray, "4 2"], place: Float[np.ndarray, "2"], reach: float) -> bool:
    """Whether a face's ellipse comes nearer to a place than ``reach``."""
    edges = np.column_stack([quad[3] - quad[0], quad[1] - quad[0]])
    shares = np.linalg.solve(edges, place - quad[0]) - FACE_MIDDLE
    more = reach / np.sqrt(abs(np.linalg.det(edges)))
    return bool((shares / (np.array(FACE_RADII) + more)) @ (shares / (np.array(FACE_RADII) + more)) < 1)
