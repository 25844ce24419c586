"""Judged batches of faces as files, so that several processes can share an evaluation."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from riddle_pl.errors import DataError, one_line
from riddle_pl.evaluation.methods.method import FaceImages
from riddle_pl.evaluation.scores.base import Judgement
from riddle_pl.figures.traces import FACES
from riddle_pl.files import atomic_write

Tree = dict[tuple[str, ...], Tensor]
SEPARATOR = "/"
COUNTS = ("faces", "scores", "diversity scores", "faces under many passwords")


@dataclass(frozen=True)
class PasswordVariants:
    """One face under many passwords.

    Args:
        judged: by each of the diversity scores, in their order.
        images: for figures; empty where none are drawn.
    """

    judged: Sequence[Judgement]
    images: FaceImages


@dataclass(frozen=True)
class Batch:
    """A judged batch of faces.

    Args:
        keys: of the faces.
        judged: judgements by score.
        images: of the faces shown in figures.
        many: of the faces measured under many passwords; empty for a method without passwords.
    """

    keys: Sequence[str]
    judged: Sequence[Judgement]
    images: FaceImages
    many: Sequence[PasswordVariants]


class BatchFiles:
    """Batches in the files of a folder, each written whole or not at all.

    Args:
        folder: made when it is first needed.
        described: everything that the numbers depend on, as plain values.
    """

    def __init__(self, folder: Path, described: Mapping[str, Any]):
        self.folder = folder
        text = json.dumps(described, sort_keys=True, default=str)
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()

    def path(self, number: int) -> Path:
        """Of the batch with this number."""
        return self.folder / f"batch-{number:06d}.safetensors"

    def load(self, number: int) -> Batch | None:
        """A batch, if it is there.

        Raises:
            DataError: it is of another evaluation, or damaged.
        """
        path = self.path(number)
        if not path.exists():
            return None
        try:
            with safe_open(path, "pt") as file:
                about = file.metadata() or {}
                tree = {tuple(name.split(SEPARATOR)): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise DataError(f"{path} cannot be read ({one_line(error)}); delete it") from None
        if about.get("fingerprint") != self.fingerprint:
            raise DataError(
                f"{path} is of an evaluation with other settings; choose another out, or delete {self.folder}"
            )
        faces, judged, diversity, varied = (int(about[name]) for name in COUNTS)
        return Batch(
            [about[f"key {face}"] for face in range(faces)],
            [_below(tree, "judged", str(i)) for i in range(judged)],
            _below(tree, "images"),
            [
                PasswordVariants(
                    [_below(tree, "many", str(face), str(i)) for i in range(diversity)],
                    _below(tree, "many", str(face), "x"),
                )
                for face in range(varied)
            ],
        )

    def save(self, number: int, batch: Batch) -> None:
        """Keeps a batch.

        Raises:
            FileError: it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        tensors = {SEPARATOR.join(place): tensor.contiguous().clone() for place, tensor in _flat(batch)}
        about = {
            "fingerprint": self.fingerprint,
            **{f"key {face}": key for face, key in enumerate(batch.keys)},
            **{name: str(count) for name, count in zip(COUNTS, _counts(batch), strict=True)},
        }
        with atomic_write(self.path(number)) as temporary:
            save_file(tensors, temporary, metadata=about)


def drawn(images: FaceImages, start: int) -> FaceImages:
    """The images of the first faces, which figures show.

    Args:
        start: number of the batch's first face.
    """
    return {name: x[: max(0, FACES - start)] for name, x in images.items()} if start < FACES else {}


def _flat(batch: Batch) -> Iterator[tuple[tuple[str, ...], Tensor]]:
    for i, judgement in enumerate(batch.judged):
        yield from ((("judged", str(i), name), tensor) for name, tensor in judgement.items())
    yield from ((("images", name), tensor) for name, tensor in batch.images.items())
    for face, many in enumerate(batch.many):
        for i, judgement in enumerate(many.judged):
            yield from ((("many", str(face), str(i), name), tensor) for name, tensor in judgement.items())
        yield from ((("many", str(face), "x", name), tensor) for name, tensor in many.images.items())


def _counts(batch: Batch) -> tuple[int, int, int, int]:
    diversity = len(batch.many[0].judged) if batch.many else 0
    return len(batch.keys), len(batch.judged), diversity, len(batch.many)


def _below(tree: Tree, *place: str) -> dict[str, Tensor]:
    return {path[-1]: tensor for path, tensor in tree.items() if path[:-1] == place}
