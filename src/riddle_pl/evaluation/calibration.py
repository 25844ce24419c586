"""The cosine above which two images count as one person's: calibrated on LFW's pairs, at the pack's resolution."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from riddle_pl.data.progress import track
from riddle_pl.data.sources import sha256
from riddle_pl.errors import DataError, PhotoError
from riddle_pl.evaluation.lfw import LFW, Pair
from riddle_pl.evaluation.recognisers import Recogniser
from riddle_pl.files import atomic_write, require_writable_dir

CACHE_VERSION = 1
BATCH = 32

Scores = list[float | None]
"""A cosine per pair; None where a photo is unusable."""

log = logging.getLogger(__name__)


class Calibration(NamedTuple):
    """A threshold and what it does on the pairs that it was calibrated on."""

    threshold: float
    """Two images are one person's when their cosine is greater."""
    far: float
    """Share of the pairs of different people that pass; at most what was asked for."""
    tar: float
    """Share of the pairs of one person that pass; NaN where there were none."""
    different: int
    """Pairs of different people."""
    same: int
    """Pairs of one person."""


class VerificationThreshold(Metric):
    """The lowest threshold that at most a share ``far`` of the pairs of different people exceed.

    Args:
        far: false-accept rate in [0, 1); below one in the number of pairs it lets none of them pass.
        kwargs: see :class:`torchmetrics.Metric`.
    """

    full_state_update = False
    scores: list[Tensor]
    labels: list[Tensor]

    def __init__(self, far: float = 1e-3, **kwargs: Any):
        super().__init__(**kwargs)
        self.far = far
        self.add_state("scores", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, scores: Float[Tensor, "b"], same: Bool[Tensor, "b"]) -> None:
        """Takes the cosines of pairs, and which pairs are of one person."""
        self.scores.append(scores)
        self.labels.append(same)

    def compute(self) -> Calibration:
        """Raises :class:`DataError` where there is no pair of different people."""
        scores = dim_zero_cat(self.scores).double() if len(self.scores) else torch.zeros(0)
        same = dim_zero_cat(self.labels) if len(self.labels) else torch.zeros(0, dtype=torch.bool)
        different, genuine = scores[~same], scores[same]
        if len(different) == 0:
            raise DataError("there is no pair of different people to calibrate the threshold on; give LFW's pairs file")
        accepted = int(self.far * len(different) + 1e-9)
        threshold = different.sort(descending=True).values[accepted]
        tar = float((genuine > threshold).double().mean()) if len(genuine) else float("nan")
        far = float((different > threshold).double().mean())
        return Calibration(float(threshold), far, tar, len(different), len(genuine))


def calibrate(
    recogniser: Recogniser, faces: LFW, size: int, far: float, cache_dir: Path, quiet: bool = False
) -> Calibration:
    """The recogniser's threshold on the pairs of ``faces``, their photos reduced to ``size`` px.

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
    scores = _cached(path, fingerprint, len(pairs))
    if scores is None:
        embeddings = _embed(recogniser, faces, sorted(contents), size, quiet)
        scores = _cosines(pairs, embeddings)
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps({"fingerprint": fingerprint, "cosines": scores}), encoding="utf-8")
    usable = [(score, pair.same) for score, pair in zip(scores, pairs, strict=True) if score is not None]
    metric = VerificationThreshold(far)
    metric.update(
        torch.tensor([score for score, _ in usable], dtype=torch.float64),
        torch.tensor([same for _, same in usable], dtype=torch.bool),
    )
    calibration: Calibration = metric.compute()
    return calibration


def _cached(path: Path, fingerprint: str, count: int) -> Scores | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        scores = [None if score is None else float(score) for score in data["cosines"]]
        if data["fingerprint"] != fingerprint or len(scores) != count:
            raise ValueError("it belongs to another calibration")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is damaged (%s); the threshold is calibrated again", path, error)
        return None
    return scores


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


def _cosines(pairs: Sequence[Pair], embeddings: Mapping[str, Tensor]) -> Scores:
    both = [[embeddings.get(key) for key in pair.keys] for pair in pairs]
    return [None if a is None or b is None else float(a @ b) for a, b in both]
