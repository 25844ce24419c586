"""Embeddings of many faces."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

from riddle_pl.data.face_set import to_float
from riddle_pl.judging.recognisers import Recogniser
from riddle_pl.process import track

BATCH = 64


def embed(
    recogniser: Recogniser, x: Shaped[Tensor, "n 3 h h"], label: str = "embedding", quiet: bool = True
) -> Float[Tensor, "n d"]:
    """Embeddings of unit length of float images in [-1, 1], or of uint8 ones."""
    rows = []
    parts = torch.split(x, BATCH)
    for part in track(parts, len(parts), label, quiet):
        images = to_float(part) if part.dtype == torch.uint8 else part
        rows.append(F.normalize(recogniser.embed(images).float().cpu(), dim=1))
    return torch.cat(rows)
