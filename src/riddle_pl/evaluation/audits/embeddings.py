"""Embeddings of many faces; those of data are kept, since the next audit asks for them again."""

import hashlib

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from riddle_pl.data.face_set import to_float
from riddle_pl.evaluation.audits.audit import Bench
from riddle_pl.files import atomic_write, require_writable_dir
from riddle_pl.judging.recognisers import Recogniser
from riddle_pl.process import track

BATCH = 64


def embed(
    recogniser: Recogniser, x: Float[Tensor, "n 3 h h"], label: str = "embedding", quiet: bool = True
) -> Float[Tensor, "n d"]:
    """Embeddings of unit length of images in [-1, 1]."""
    parts = x.split(BATCH)
    rows = [F.normalize(recogniser.embed(part).float().cpu(), dim=1) for part in track(parts, len(parts), label, quiet)]
    return torch.cat(rows)


def embed_data(
    bench: Bench, recogniser: Recogniser, images: UInt8[Tensor, "n 3 h h"], label: str
) -> Float[Tensor, "n d"]:
    """Embeddings of unit length of images of data, from the cache where the same were embedded before.

    Raises:
        FileError: the cache cannot be written to.
    """
    digest = hashlib.sha256(f"{recogniser.fingerprint} {tuple(images.shape)}".encode())
    digest.update(images.contiguous().numpy().data)
    folder = require_writable_dir(bench.cache_dir, "cache folder", create=True)
    path = folder / f"embeddings-{recogniser.name}-{digest.hexdigest()[:32]}.safetensors"
    if path.is_file():
        try:
            kept = load_file(path)["embeddings"]
        except (SafetensorError, OSError, KeyError):  # damaged: embedded again
            kept = torch.empty(0)
        if kept.ndim == 2 and len(kept) == len(images) and kept.dtype == torch.float32:
            return kept
    parts = images.split(BATCH)
    rows = [embed(recogniser, to_float(part)) for part in track(parts, len(parts), label, bench.quiet)]
    embeddings = torch.cat(rows)
    with atomic_write(path, inside=folder) as temporary:
        save_file({"embeddings": embeddings}, temporary)
    return embeddings
