"""dlib's ResNet face recogniser on FFHQ-aligned images: a judge of another family and source than the pack's networks.

Needs the extra ``[dlib]``: ``dlib-bin`` (the compiled library) and ``face_recognition_models`` (the weights).
"""

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError

CANVAS = 256
"""Side in pixels to which aligned images are brought before landmarks are looked for."""

FACE_BOX = (53, 78, 203, 228)
"""Left, top, right, bottom of the face on the canvas.

The median box of dlib's own detector on aligned images (159 of 160 pictures of LFW and of synthetic people; its sides
vary by 5 to 14 px). A fixed box makes every image comparable, those included in which the detector finds nothing.
"""

LFW_COSINE_THRESHOLD = 0.926
"""Cosine that 1 in 1000 pairs of different people exceed (404,550 pairs of 900 people of LFW at 64 px); it accepts 92 %
of 150 pairs of the same person. Embeddings of all faces point roughly one way: two people have 0.84 on average.
"""

EXTRA = "dlib's recogniser is not installed; pip install 'riddle-pl[dlib]'"


class DlibRecogniser:
    """Embeds aligned images; the cosine of two embeddings tells whether they show one person. Runs on the CPU.

    Source: King, "dlib_face_recognition_resnet_model_v1" (2017), https://github.com/davisking/dlib-models.
    """

    name = "dlib"

    @staticmethod
    def available() -> bool:
        """Whether the extra is installed."""
        return find_spec("_dlib_pybind11") is not None and _models() is not None

    @cached_property
    def _networks(self) -> tuple[Any, Any, Any]:
        folder = _models()
        if not self.available() or folder is None:
            raise ConfigError(EXTRA)
        import dlib

        try:
            landmarks = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
            network = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))
        except RuntimeError as error:
            raise ConfigError(f"dlib's models in {folder} cannot be read; reinstall face_recognition_models") from error
        return landmarks, network, dlib.rectangle(*FACE_BOX)

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 128"]:
        """Embeddings (not normalised; of length about 1.4) of FFHQ-aligned images in [-1, 1].

        Raises:
            ConfigError: the extra is not installed, or its model files are damaged.
        """
        landmarks, network, box = self._networks
        rows = []
        for picture in _to_canvas(x):
            shape = landmarks(picture, box)
            rows.append(np.array(network.compute_face_descriptor(picture, shape), dtype=np.float32))
        return torch.from_numpy(np.stack(rows)) if rows else torch.zeros(0, 128)


def _models() -> Path | None:
    """Folder of the model files, found without importing the package: it imports pkg_resources, which may be gone."""
    spec = find_spec("face_recognition_models")
    locations = list(spec.submodule_search_locations or ()) if spec is not None else []
    folder = Path(locations[0]) / "models" if locations else None
    return folder if folder is not None and folder.is_dir() else None


def _to_canvas(x: Float[Tensor, "b 3 h h"]) -> list[np.ndarray]:
    x = x.detach().float().cpu().clamp(-1.0, 1.0)
    if x.shape[-1] != CANVAS:
        x = F.interpolate(x, (CANVAS, CANVAS), mode="bicubic", antialias=True, align_corners=False).clamp(-1.0, 1.0)
    pixels = ((x + 1.0) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
    return list(pixels)
