"""Small archives of made-up faces, labelled ones too, and a teacher of random weights."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from riddle_pl.networks.mobilefacenet import MobileFaceNet
from riddle_pl.pretraining.label_maps import COLOURS
from tests.photos.fakes import fake_face, fake_photo

FACE = fake_face()
"""Where the face of every labelled photo is said to be; see ``tests.photos.fakes``."""


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def write_tar(path: Path, members: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def face(seed: int, size: int = 32) -> np.ndarray:
    """A smooth picture, another for every seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC))


def face_archive(folder: Path, count: int = 20, name: str = "faces", size: int = 32) -> Path:
    members = {f"{name}/{index:03d}.png": encoded(face(index, size)) for index in range(count)}
    return write_tar(folder / f"{name}.tar", members)


def drawn_map(photo: np.ndarray) -> np.ndarray:
    """A label map in colours for a photo of ``fake_photo``: nested boxes, one for every label."""
    height, width = photo.shape[:2]
    drawn = np.zeros_like(photo)
    for index, colour in enumerate(COLOURS.values()):
        inset = 6 * index
        drawn[inset : height - inset, inset : width - inset] = colour
    return drawn


def labelled_archive(folder: Path, count: int = 8, name: str = "fasseg") -> Path:
    members = {}
    for index in range(count):
        photo = fake_photo(index)
        members[f"{name}/v2_{index}.jpg"] = encoded(photo, "JPEG")
        members[f"{name}/v2_{index}.png"] = encoded(drawn_map(photo))
    return write_tar(folder / f"{name}.tar", members)


def write_teacher(path: Path) -> Path:
    """A checkpoint of a random MobileFaceNet in the public format."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = MobileFaceNet().state_dict()
    torch.save({"state_dict": state}, path)
    return path
