"""Photos with hand-drawn label maps, aligned for the parser's recipe."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from riddle_pl.data.face_set import is_held_out, open_rgb, read_members
from riddle_pl.errors import DataError
from riddle_pl.faces.align import align_face, crop_to_photo, ffhq_quad, transform_points
from riddle_pl.faces.detect import FaceDetector
from riddle_pl.faces.load import decode_image

IGNORED = 255
"""Label of what lies outside the photo."""

MARGIN = 1.25
"""Side of the stored crop over that of the aligned face: margin for shifts and rotations."""

FINENESS = 2
"""Stored pixels per pixel of the parser's input."""

COLOURS = {
    0: (255, 0, 0),
    1: (255, 255, 0),
    2: (0, 255, 255),
    4: (0, 0, 255),
    10: (0, 255, 0),
    13: (127, 0, 0),
}
"""FASSEG's colours by label of CelebAMask-HQ: background, skin, nose, eyes, mouth with lips, hair with brows."""

LABELS = tuple(COLOURS)

_PERSON = re.compile(r"personne\d\d")


@dataclass(frozen=True)
class LabelledFaces:
    """Faces with a label for every pixel, in memory: each crop is ``MARGIN`` times as wide as the aligned face.

    Attributes:
        images: 0..255, RGB.
        labels: values of ``LABELS``, or ``IGNORED``.
        names: of the photos.
        size: side of the aligned face that a parser sees, in pixels.
        faceless: photos that were skipped because no face was found in them.
    """

    images: UInt8[Tensor, "n 3 h h"]
    labels: UInt8[Tensor, "n h h"]
    names: list[str]
    size: int
    faceless: int

    def __len__(self) -> int:
        return len(self.names)


def read_labelled_faces(
    root: str | Path,
    archive: str,
    size: int,
    held_out: float = 0.12,
    part: str = "train",
    detector: FaceDetector | None = None,
) -> LabelledFaces:
    """Reads ``root/<archive>.tar`` of photos (``x.jpg``) and label maps in colours (``x.png``), and aligns both.

    Exact duplicates of photos are dropped. Photos of one person fall into the same part where the name tells the
    person (``personne07``), by the hash of that; the others by the hash of their content.

    Args:
        root: folder of the archive.
        archive: its name, without ``.tar``.
        size: side in pixels of the aligned face that the parser sees.
        held_out: share of held-out photos, 0 to 1.
        part: ``train`` or ``held_out``.
        detector: finds the faces; by default MTCNN on a small copy of the photo.

    Raises:
        DataError: the archive is missing or damaged, a photo has no label map of its size, or nothing is left.
        PhotoError: a photo is damaged.
    """
    if part not in ("train", "held_out"):
        raise DataError(f"part={part} is unknown; choose from held_out, train")
    path = Path(root) / f"{archive}.tar"
    detector = detector or FaceDetector(min_face=40, max_side=256)
    images, labels, names, faceless = [], [], [], 0
    for name, photo, drawn in _pairs(path):
        if is_held_out(_group(name, photo), held_out) != (part == "held_out"):
            continue
        pixels = decode_image(photo, f"{name} in {path}")
        classes = _classes(drawn, f"{name} in {path}")
        if classes.shape != pixels.shape[:2]:
            raise DataError(
                f"{path}: the label map of {name} is of another size than the photo; fetch the archive again"
            )
        found = detector.detect(pixels)
        if not found:
            faceless += 1
            continue
        image, label = _aligned(pixels, classes, ffhq_quad(found[0].points), round(size * MARGIN * FINENESS))
        images.append(image)
        labels.append(label)
        names.append(f"{archive}/{name}")
    if not images:
        raise DataError(f"no labelled face in {path} for part={part}, held_out={held_out} ({faceless} without a face)")
    return LabelledFaces(torch.stack(images), torch.stack(labels), names, size, faceless)


def _pairs(path: Path) -> Iterator[tuple[str, bytes, bytes]]:
    """Name, photo and label map; a photo that occurs again is left out."""
    members = dict(read_members(path))
    seen: set[bytes] = set()
    for name, photo in members.items():
        digest = hashlib.sha256(photo).digest()
        if not name.endswith(".jpg") or digest in seen:
            continue
        seen.add(digest)
        drawn = members.get(f"{name.removesuffix('.jpg')}.png")
        if drawn is None:
            raise DataError(f"{path}: {name} has no label map of the same name (.png); fetch the archive again")
        yield name, photo, drawn


def _group(name: str, photo: bytes) -> bytes:
    """Hash for the split: of the person if the name has it, else of the photo."""
    person = _PERSON.search(name)
    return hashlib.sha256(person[0].encode() if person else photo).digest()


def _classes(drawn: bytes, name: str) -> UInt8[np.ndarray, "h w"]:
    """Index into ``LABELS`` of the nearest colour, since edges are antialiased."""
    pixels = np.asarray(open_rgb(drawn, f"the label map of {name}"), dtype=np.int32)
    palette = np.array(list(COLOURS.values()), dtype=np.int32)
    distances = np.stack([np.square(pixels - colour).sum(axis=-1) for colour in palette])
    nearest: np.ndarray = distances.argmin(axis=0).astype(np.uint8)
    return nearest


def _aligned(
    pixels: UInt8[np.ndarray, "h w 3"],
    classes: UInt8[np.ndarray, "h w"],
    quad: Float[np.ndarray, "4 2"],
    side: int,
) -> tuple[UInt8[Tensor, "3 s s"], UInt8[Tensor, "s s"]]:
    """Photo and labels in the widened quad; a pixel's label is the one that covers most of it."""
    centre = quad.mean(axis=0)
    wide = centre + MARGIN * (quad - centre)
    image = ((align_face(pixels, wide, side)[0] + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
    shares = [_shares(classes, index, wide, side) for index in range(0, len(LABELS), 3)]
    label = torch.tensor(LABELS, dtype=torch.uint8)[torch.cat(shares)[: len(LABELS)].argmax(dim=0)]
    label[~_inside(wide, side, classes.shape[0], classes.shape[1])] = IGNORED
    return image, label


def _shares(
    classes: UInt8[np.ndarray, "h w"], first: int, quad: Float[np.ndarray, "4 2"], side: int
) -> Float[Tensor, "3 s s"]:
    """How much three neighbouring classes cover of each pixel, from -1 to 1: they are aligned as an image's colours."""
    masks = np.stack([classes == first + offset for offset in range(3)], axis=-1).astype(np.uint8) * 255
    return align_face(masks, quad, side)[0]


def _inside(quad: Float[np.ndarray, "4 2"], side: int, height: int, width: int) -> Bool[Tensor, "s s"]:
    """Which pixels of the crop lie in the photo; the alignment mirrors it where it ends."""
    steps = np.arange(side) + 0.5
    centres = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    x, y = transform_points(crop_to_photo(quad, side), centres).T
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return torch.from_numpy(inside.reshape(side, side))
