"""dlib on images of aligned faces; does not import PyTorch, for lightweight worker processes.

Needs the extra ``[dlib]``: ``dlib-bin`` (the compiled library) and ``face_recognition_models`` (the weights).
"""

import importlib.metadata
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from riddle_pl.errors import ConfigError

CANVAS = 256
"""Side in pixels of the pictures that :func:`chips` takes."""

FACE_BOX = (53, 78, 203, 228)
"""Left, top, right, bottom of the face on the canvas.

The median box of dlib's own detector on aligned images (159 of 160 pictures of LFW and of synthetic people; its sides
vary by 5 to 14 px). A fixed box makes every image comparable, those included in which the detector finds nothing.
"""

CHIP = 150
RECOGNISER = "dlib_face_recognition_resnet_model_v1.dat"
LANDMARKS = 68
PACKAGES = ("dlib-bin", "face_recognition_models")
EXTRA = "dlib is not installed; pip install 'riddle-pl[dlib]'"


def available() -> bool:
    """Whether the extra is installed."""
    return find_spec("_dlib_pybind11") is not None and models_folder() is not None


def versions() -> str:
    """Of the packages that results depend on."""
    return " ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)


def models_folder() -> Path | None:
    """Folder of the model files, found without importing the package: it imports pkg_resources, which may be gone."""
    spec = find_spec("face_recognition_models")
    locations = list(spec.submodule_search_locations or ()) if spec is not None else []
    folder = Path(locations[0]) / "models" if locations else None
    return folder if folder is not None and folder.is_dir() else None


def chips(pictures: np.ndarray) -> np.ndarray:
    """The faces (b, 150, 150, 3), upright and of one size, of pictures (b, 256, 256, 3) of aligned faces.

    Raises:
        ConfigError: the extra is not installed, or its model files are damaged.
    """
    dlib = _dlib()
    landmarks, box = _landmarks("shape_predictor_5_face_landmarks.dat"), dlib.rectangle(*FACE_BOX)
    faces = [dlib.get_face_chip(picture, landmarks(picture, box), size=CHIP) for picture in pictures]
    return np.stack(faces) if faces else np.zeros((0, CHIP, CHIP, 3), dtype=np.uint8)


def locate(pictures: np.ndarray) -> np.ndarray:
    """Box and 68 landmarks of the largest face that the HOG detector finds in each picture: (b, 4 + 68 · 2).

    Left, top, right, bottom, then x and y of each landmark, in pixels; all NaN where there is no face.

    Raises:
        ConfigError: see :func:`chips`.

    Source: Dalal and Triggs, "Histograms of oriented gradients for human detection" (2005); Kazemi and Sullivan, "One
    millisecond face alignment with an ensemble of regression trees" (2014).
    """
    dlib = _dlib()
    detector, predictor = _hog(), _landmarks("shape_predictor_68_face_landmarks.dat")
    rows = np.full((len(pictures), 4 + 2 * LANDMARKS), np.nan, dtype=np.float32)
    for row, picture in zip(rows, pictures, strict=True):
        boxes = sorted(detector(picture, 0), key=dlib.rectangle.area, reverse=True)
        if boxes:
            box = boxes[0]
            row[:4] = box.left(), box.top(), box.right(), box.bottom()
            row[4:] = [value for point in predictor(picture, box).parts() for value in (point.x, point.y)]
    return rows


def _dlib() -> Any:
    if not available():
        raise ConfigError(EXTRA)
    import dlib

    return dlib


@lru_cache(maxsize=1)
def _hog() -> Any:
    return _dlib().get_frontal_face_detector()


@lru_cache(maxsize=2)
def _landmarks(file: str) -> Any:
    folder = models_folder()
    try:
        return _dlib().shape_predictor(str(folder and folder / file))
    except RuntimeError as error:
        raise ConfigError(f"{file} in {folder} cannot be read; reinstall face_recognition_models") from error
