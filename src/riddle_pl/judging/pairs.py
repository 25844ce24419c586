"""Similarities of photo pairs of one person or of two: LFW's pairs, or pairs among the evaluated photos."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.data.sources import sha256
from riddle_pl.errors import PhotoError
from riddle_pl.files import read_json, require_writable_dir, write_json
from riddle_pl.judging.lfw import LFW, Pair
from riddle_pl.judging.recognisers import Recogniser
from riddle_pl.process import track

CACHE_VERSION = 1
BATCH = 32
STRANGERS = 2000
"""Faces among which pairs of different people are made, at most: 2 million pairs."""

Cosines = list[float | None]
"""A cosine per pair; None where a photo is unusable."""

log = logging.getLogger(__name__)


class PairSimilarities(NamedTuple):
    """Cosines of pairs, and whether each pair shows one person: what a threshold and a ROC curve are made of."""

    cosines: Float[Tensor, "p"]
    same: Bool[Tensor, "p"]
    origin: str
    """Where the pairs come from, for the report."""


def strangers(embeddings: Float[Tensor, "n d"], origin: str) -> PairSimilarities:
    """All pairs among the first photos, each photo being of another person; no pair of one person."""
    unit = F.normalize(embeddings[:STRANGERS].double(), dim=1)
    first, second = torch.triu_indices(len(unit), len(unit), offset=1)
    cosines = (unit @ unit.T)[first, second]
    return PairSimilarities(cosines, torch.zeros(len(cosines), dtype=torch.bool), origin)


def lfw_pairs(recogniser: Recogniser, faces: LFW, size: int, cache_dir: Path, quiet: bool = False) -> PairSimilarities:
    """The pairs of ``faces``, their photos reduced to ``size`` px.

    The cosines are kept in ``cache_dir``: the next evaluation with the same recogniser, photos, pairs and size reads
    them. All of these are told apart by content.

    Pairs with a photo that is damaged or shows no face are left out.

    Raises:
        DataError: a file cannot be read any more, or there is no pair of different people.
        FileError: ``cache_dir`` cannot be written to.
    """
    require_writable_dir(cache_dir, "cache folder", create=True)
    pairs = faces.pairs()
    contents = {key: sha256(faces.read(key)) for key in sorted({key for pair in pairs for key in pair.keys})}
    rows = [[contents[pair.keys[0]], contents[pair.keys[1]], pair.same] for pair in pairs]
    parts = (CACHE_VERSION, recogniser.fingerprint, size, faces.crop_fingerprint, rows)
    fingerprint = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    path = cache_dir / f"pairs-{recogniser.name}-{fingerprint[:16]}.json"
    cosines = _cached(path, fingerprint, len(pairs))
    if cosines is None:
        embeddings = _embed(recogniser, faces, sorted(contents), size, quiet)
        cosines = _cosines(pairs, embeddings)
        write_json(path, {"fingerprint": fingerprint, "cosines": cosines}, indent=None, inside=cache_dir)
    usable = [(cosine, pair.same) for cosine, pair in zip(cosines, pairs, strict=True) if cosine is not None]
    return PairSimilarities(
        torch.tensor([cosine for cosine, _ in usable], dtype=torch.float64),
        torch.tensor([same for _, same in usable], dtype=torch.bool),
        f"the pairs of {faces.pairs_path.name} at {size} px",
    )


def _cached(path: Path, fingerprint: str, count: int) -> Cosines | None:
    try:
        data = read_json(path)
        cosines = [None if cosine is None else float(cosine) for cosine in data["cosines"]]
        if data["fingerprint"] != fingerprint or len(cosines) != count:
            raise ValueError("it belongs to other pairs")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is damaged (%s); the pairs are compared again", path, error)
        return None
    return cosines


def _embed(recogniser: Recogniser, faces: LFW, keys: Sequence[str], size: int, quiet: bool) -> dict[str, Tensor]:
    embeddings: dict[str, Tensor] = {}
    batches = [keys[i : i + BATCH] for i in range(0, len(keys), BATCH)]
    for batch in track(batches, len(batches), f"calibrating {recogniser.name} on LFW's pairs", quiet):
        images: dict[str, Tensor] = {}
        for key in batch:
            try:
                images[key] = faces.load(key, size)
            except PhotoError as error:
                log.warning("%s is left out of the calibration: %s", key, error)
        if images:
            rows = F.normalize(recogniser.embed(torch.cat(list(images.values()))).float().cpu(), dim=1)
            embeddings.update(zip(images, rows, strict=True))
    return embeddings


def _cosines(pairs: Sequence[Pair], embeddings: Mapping[str, Tensor]) -> Cosines:
    both = [[embeddings.get(key) for key in pair.keys] for pair in pairs]
    return [None if a is None or b is None else float(a @ b) for a, b in both]
