"""Runs every score over the images of all faces, a batch at a time; no image is kept."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import DataError
from riddle_pl.evaluation.methods.method import Method
from riddle_pl.evaluation.scores import DiversityScores, Scores
from riddle_pl.evaluation.scores.tracing import Tracer
from riddle_pl.judging.people import FaceSource
from riddle_pl.process import track


def measure(
    method: Method,
    faces: FaceSource,
    scores: Sequence[Scores],
    diversity: Sequence[DiversityScores],
    tracer: Tracer,
    *,
    seed: int,
    batch_size: int,
    diverse_faces: int,
    passwords: int,
    quiet: bool = False,
) -> list[str]:
    """The keys of the faces that were measured.

    Args:
        method: makes the images.
        faces: the photos.
        scores: take the images of every face.
        diversity: take the images of the first ``diverse_faces`` faces under many passwords.
        tracer: keeps a few images for figures.
        seed: of the order of the people.
        batch_size: faces at a time.
        diverse_faces: see above.
        passwords: per face, and as many wrong ones.
        quiet: no progress bar.

    Raises:
        DataError: no photo could be used.
    """
    names: list[str] = []
    batches = _batches(faces.held_out(seed, method.size, method.lacks), batch_size)
    total = -(-faces.total // batch_size)
    for keys, x in track(batches, total, "encrypting, recovering, judging", quiet):
        images = method.images(keys, x)
        for score in scores:
            score.update(images)
        tracer.add_faces(keys, images)
        for number, key in enumerate(keys[: max(0, diverse_faces - len(names))]):
            many = method.encryptions(key, x[number : number + 1], passwords)
            for one in diversity if many else ():
                one.update(many)
            tracer.add_passwords(key, many)
        names += keys
    if not names:
        raise DataError(f"no photo of {faces.faces_path} could be used; check data.aligned and data.root")
    return names


def _batches(
    faces: Iterator[tuple[str, Float[Tensor, "1 3 h h"]]], size: int
) -> Iterator[tuple[list[str], Float[Tensor, "b 3 h h"]]]:
    keys: list[str] = []
    images: list[Tensor] = []
    for key, x in faces:
        keys.append(key)
        images.append(x)
        if len(keys) == size:
            yield keys, torch.cat(images)
            keys, images = [], []
    if keys:
        yield keys, torch.cat(images)
