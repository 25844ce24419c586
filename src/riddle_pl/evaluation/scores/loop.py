"""Runs every score over the images of all faces, a batch at a time; no image is kept."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import DataError
from riddle_pl.evaluation.methods.method import Method
from riddle_pl.evaluation.scores import DiversityScores, Scores
from riddle_pl.evaluation.scores.batches import Batch, BatchFiles, PasswordVariants, drawn
from riddle_pl.evaluation.scores.tracing import Tracer
from riddle_pl.figures.traces import FACES, GRID_PASSWORDS
from riddle_pl.judging.people import FaceSource
from riddle_pl.process import track

WAIT_S = 1.0
"""Between two looks for the batch of another process."""


@dataclass(frozen=True)
class Measuring:
    """One pass over all faces.

    Args:
        method: makes the images.
        faces: the photos.
        scores: take the images of every face.
        diversity: take the images of the first ``diverse_faces`` faces under many passwords.
        seed: of the order of the people.
        batch_size: faces at a time.
        diverse_faces: see above.
        passwords: per face, and as many wrong ones.
        quiet: no progress bar.
    """

    method: Method
    faces: FaceSource
    scores: Sequence[Scores]
    diversity: Sequence[DiversityScores]
    seed: int
    batch_size: int
    diverse_faces: int
    passwords: int
    quiet: bool = False

    def part(self, files: BatchFiles, number: int, parts: int) -> None:
        """Judges the batches of one process of several that are not there yet, and keeps them.

        Raises:
            RiddleError: see :meth:`whole`.
        """
        for i, (start, keys, x) in enumerate(self._batches()):
            if i % parts == number and files.load(i) is None:
                files.save(i, self._judge(start, keys, x))

    def whole(self, tracer: Tracer, files: BatchFiles, waits: bool = False) -> list[str]:
        """Accumulates all batches in order, judging the missing ones; returns the keys of the faces.

        Args:
            tracer: keeps a few images for figures.
            files: what other processes, or an earlier run, have judged.
            waits: wait for other processes to judge missing batches.

        Raises:
            DataError: no photo could be used, or a batch is of another evaluation.
        """
        names: list[str] = []
        for i, (start, keys, x) in enumerate(self._batches()):
            batch = files.load(i)
            while batch is None and waits:
                time.sleep(WAIT_S)
                batch = files.load(i)
            self._add(self._judge(start, keys, x) if batch is None else batch, tracer)
            names += keys
        if not names:
            raise DataError(f"no photo of {self.faces.faces_path} could be used; check data.aligned and data.root")
        return names

    def _judge(self, start: int, keys: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Batch:
        images = self.method.images(keys, x)
        judged = [score.judge(images) for score in self.scores]
        many = []
        for number, key in enumerate(keys[: max(0, self.diverse_faces - start)]):
            variants = self.method.encryptions(key, x[number : number + 1], self.passwords)
            if variants:
                shown = {name: v[:GRID_PASSWORDS] for name, v in variants.items()} if start + number < FACES else {}
                many.append(PasswordVariants([one.judge(variants) for one in self.diversity], shown))
        return Batch(keys, judged, drawn(images, start), many)

    def _add(self, batch: Batch, tracer: Tracer) -> None:
        for score, judgement in zip(self.scores, batch.judged, strict=True):
            score.add(judgement)
        tracer.add_faces(batch.keys, batch.images)
        for key, many in zip(batch.keys[: len(batch.many)], batch.many, strict=True):
            for one, judgement in zip(self.diversity, many.judged, strict=True):
                one.add(judgement)
            tracer.add_passwords(key, many.images)

    def _batches(self) -> Iterator[tuple[int, list[str], Float[Tensor, "b 3 h h"]]]:
        """The number of the first face, the keys, and the faces."""
        found = self.faces.held_out(self.seed, self.method.size, self.method.lacks)
        total = -(-self.faces.total // self.batch_size)
        yield from track(_in_batches(found, self.batch_size), total, "encrypting, recovering, judging", self.quiet)


def _in_batches(
    faces: Iterator[tuple[str, Float[Tensor, "1 3 h h"]]], size: int
) -> Iterator[tuple[int, list[str], Float[Tensor, "b 3 h h"]]]:
    start, keys, images = 0, list[str](), list[Tensor]()
    for key, x in faces:
        keys.append(key)
        images.append(x)
        if len(keys) == size:
            yield start, keys, torch.cat(images)
            start, keys, images = start + size, [], []
    if keys:
        yield start, keys, torch.cat(images)
