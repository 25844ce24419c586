"""Finds a record's picture in a given one, which may be scaled, cropped, rotated or mirrored; or another picture."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from riddle_pl.errors import PhotoError
from riddle_pl.photos.record.record import Record
from riddle_pl.photos.record.sealing import Patch
from riddle_pl.photos.surroundings import (
    MIN_CELLS,
    SIDE,
    Pixels,
    distinctive_points,
    grey_grid,
    open_cells,
    recorded_points,
)

ALIKE = 6.0
"""Mean difference in grey levels of two grids, up to which they are of one picture, saved anew."""
APART = 4.0
"""By how much the best of several orientations has to be better than the next where the grid alone decides."""
SEARCHED = 400
"""Distinctive points that are compared with those of the record."""
MAX_RATIO = 0.9
"""Of the distances to the nearest and the second nearest descriptor."""
TOLERANCE = 3.0
"""Pixels at ``SIDE`` by which a point may lie beside its place."""
MIN_POINTS = 10
"""That agree on one place, for it to be the one; of other pictures at most 7 did."""
SNAP = 0.015
"""Share of the side by which an estimate may differ from the whole picture, to be replaced by it."""


@dataclass(frozen=True, eq=False)
class Placement:
    """A similarity of the record's picture to the given one.

    Args:
        matrix: from its coordinates (x, y, 1) in pixels to those of the given picture, or of its mirror image.
        mirrored: whether of its mirror image.
    """

    matrix: Float[np.ndarray, "2 3"]
    mirrored: bool = False

    @property
    def unchanged(self) -> bool:
        """Whether the given picture has the same size and orientation."""
        return not self.mirrored and bool(np.array_equal(self.matrix, IDENTITY))

    def upright(self, photo: Pixels) -> UInt8[np.ndarray, "h w 3"]:
        """The picture or its mirror image; the same again gives the picture back."""
        return _mirrored(photo) if self.mirrored else photo

    def place(self, record: Record, size: tuple[int, int]) -> Record:
        """The record, as of the given picture (or its mirror image) of (width, height)."""
        faces = (replace(face, quad=face.quad @ self.matrix[:, :2].T + self.matrix[:, 2]) for face in record.faces)
        return replace(record, faces=tuple(faces), image_size=size)

    def paste(self, patch: Patch, photo: Pixels) -> UInt8[np.ndarray, "h w 3"]:
        """A copy of the picture (or its mirror image) with a patch of the original in its place."""
        linear = np.vstack([self.matrix, [0.0, 0.0, 1.0]])
        shrink = max(1, int(1 / np.sqrt(abs(np.linalg.det(self.matrix[:, :2])))))
        pixels = Image.fromarray(patch.pixels, "RGBA").reduce(shrink)
        to_patch = np.linalg.inv(linear)[:2]
        to_patch[:, 2] -= (patch.left, patch.top)
        height, width, _ = photo.shape
        coefficients = tuple((to_patch / shrink).flatten())
        warped = pixels.transform((width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)
        base = Image.fromarray(photo).convert("RGBA")
        return np.asarray(Image.alpha_composite(base, warped).convert("RGB"))


def _mirrored(photo: Pixels) -> UInt8[np.ndarray, "h w 3"]:
    return np.ascontiguousarray(photo[:, ::-1])


IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
_TURNS = (
    np.array([[1, 0], [0, 1]]),
    np.array([[0, -1], [1, 0]]),
    np.array([[-1, 0], [0, -1]]),
    np.array([[0, 1], [-1, 0]]),
)
"""By 0, 90, 180 and 270 degrees, clockwise as pictures are shown."""


def find_place(record: Record, photo: Pixels, force: bool = False) -> Placement:
    """Where the picture of a record lies in another one.

    Records of earlier versions know nothing of their surroundings: there the size decides.

    Args:
        force: a picture of the same size is taken as it is.

    Raises:
        PhotoError: it is another picture, or too plain to tell how it was changed.
    """
    same_size = (photo.shape[1], photo.shape[0]) == record.image_size
    if same_size and (force or record.surroundings is None or _is_resaved(record, photo)):
        return Placement(IDENTITY)
    found = None if record.surroundings is None else (_by_points(record, photo) or _by_grid(record, photo))
    if found is None:
        raise PhotoError(_refusal(record, photo, same_size))
    return found


def _refusal(record: Record, photo: Pixels, same_size: bool) -> str:
    width, height = record.image_size
    if same_size:
        return (
            f"{record.source} belongs to another picture: what is around the faces differs; give the picture that was "
            "written with it (--image), ask for the face alone (--face-only), or take this one all the same (--force)"
        )
    known = "" if record.surroundings is None else ", and its surroundings do not tell how it was changed"
    return (
        f"the picture is {photo.shape[1]} x {photo.shape[0]}; {record.source} belongs to one of {width} x {height}"
        f"{known}: give the picture that was written with it (--image), or ask for the face alone (--face-only)"
    )


def _is_resaved(record: Record, photo: Pixels) -> bool:
    """Whether a picture of the right size is the record's own, in its own orientation."""
    compared = _grid_distances(record, photo)
    if compared is None:
        return True  # the faces fill it, and nothing around them can tell
    own = compared[(0, False)]
    return own <= ALIKE and own <= min(compared.values())


def _grid_distances(record: Record, photo: Pixels) -> dict[tuple[int, bool], float] | None:
    """Mean difference of the grids by quarter turns and mirroring of the picture; None where no cell is open."""
    if record.surroundings is None:
        return None
    quads = [face.quad for face in record.faces]
    is_open = open_cells(*record.image_size, quads)
    if is_open.sum() < MIN_CELLS:
        return None
    wide = record.image_size[0] / record.image_size[1]
    theirs, ours = grey_grid(photo).astype(int), record.surroundings.grid.astype(int)
    distances = {}
    for mirrored in (False, True):
        for turn in range(4):
            aspect = photo.shape[1] / photo.shape[0] if turn % 2 == 0 else photo.shape[0] / photo.shape[1]
            if abs(aspect / wide - 1) > SNAP:
                continue
            back = np.rot90(theirs[:, ::-1] if mirrored else theirs, turn)
            distances[(turn, mirrored)] = float(np.abs(back - ours)[is_open].mean())
    return distances


def _by_grid(record: Record, photo: Pixels) -> Placement | None:
    """The whole picture in one of eight orientations, if its coarse grid leaves no doubt which."""
    compared = sorted((_grid_distances(record, photo) or {}).items(), key=lambda item: item[1])
    if not compared or compared[0][1] > ALIKE or (len(compared) > 1 and compared[1][1] - compared[0][1] < APART):
        return None
    (turn, mirrored), _ = compared[0]
    return Placement(_whole(record, photo, turn), mirrored)


def _whole(record: Record, photo: Pixels, turn: int) -> Float[np.ndarray, "2 3"]:
    """The whole picture, turned by quarters clockwise and scaled to another's size."""
    width, height = record.image_size
    linear = _TURNS[turn].astype(np.float64)
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ linear.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = np.array([photo.shape[1], photo.shape[0]]) / (high - low)
    return np.column_stack([linear * scale[:, None], -low * scale])


def _by_points(record: Record, photo: Pixels) -> Placement | None:
    """Where enough distinctive points agree on one similarity; the better of the picture and its mirror image."""
    if record.surroundings is None or len(record.surroundings.points) < MIN_POINTS:
        return None
    known, descriptors = recorded_points(record.surroundings, record.image_size)
    best: tuple[int, Placement] | None = None
    for mirrored in (False, True):
        places, found = distinctive_points(_mirrored(photo) if mirrored else photo, SEARCHED)
        estimate = _similarity(known, descriptors, places, found, TOLERANCE * max(photo.shape) / SIDE)
        if estimate is not None and (best is None or estimate[0] > best[0]):
            best = estimate[0], Placement(_snapped(estimate[1], record, photo), mirrored)
    return None if best is None else best[1]


def _similarity(
    known: Float[np.ndarray, "k 2"],
    descriptors: np.ndarray,
    places: Float[np.ndarray, "m 2"],
    found: np.ndarray,
    tolerance: float,
) -> tuple[int, Float[np.ndarray, "2 3"]] | None:
    """How many points agree, and on what."""
    from skimage.feature import match_descriptors
    from skimage.measure import ransac
    from skimage.transform import SimilarityTransform

    if len(places) < MIN_POINTS:
        return None
    pairs = match_descriptors(descriptors, found, max_ratio=MAX_RATIO)
    if len(pairs) < MIN_POINTS:
        return None
    source, target = known[pairs[:, 0]], places[pairs[:, 1]]
    model, agree = ransac(
        (source, target), SimilarityTransform, min_samples=2, residual_threshold=tolerance, max_trials=1000, rng=0
    )
    if agree is None or int(agree.sum()) < MIN_POINTS:
        return None
    return int(agree.sum()), np.asarray(model.params, dtype=np.float64)[:2]


def _snapped(matrix: Float[np.ndarray, "2 3"], record: Record, photo: Pixels) -> Float[np.ndarray, "2 3"]:
    """An estimate, replaced by the whole picture, or by a crop at its own size, where it is near to that."""
    width, height = record.image_size
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    turn = round(float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))) / 90) % 4
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], dtype=np.float64)
    whole = _whole(record, photo, turn)
    if np.abs(corners @ (whole - matrix).T).max() < SNAP * max(photo.shape[:2]):
        return whole
    straight = _TURNS[turn].astype(np.float64)
    if abs(scale - 1) > SNAP or np.abs(matrix[:, :2] / scale - straight).max() > SNAP:
        return matrix
    middle = np.array([width / 2, height / 2])
    shift = matrix[:, :2] @ middle + matrix[:, 2] - straight @ middle
    return np.column_stack([straight, np.round(shift)])
