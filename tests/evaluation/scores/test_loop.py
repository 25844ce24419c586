"""If this fails, several processes that share an evaluation give other numbers than one, or mix two evaluations."""

import hashlib
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from riddle_pl.errors import DataError
from riddle_pl.evaluation.scores import DiversityScores, RecogniserScores, assemble
from riddle_pl.evaluation.scores.batches import BatchFiles
from riddle_pl.evaluation.scores.loop import Measuring
from riddle_pl.evaluation.scores.tracing import Tracer
from tests.evaluation.fakes import FakeRecogniser
from tests.evaluation.scores.colours import PAIRS, RedDetector

SIDE = 16


def noise(*names: object, count: int = 1) -> torch.Tensor:
    """Images that depend on the names alone."""
    seed = int.from_bytes(hashlib.sha256(repr(names).encode()).digest()[:4])
    return torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def method_images(keys: list[str], x: torch.Tensor) -> dict[str, torch.Tensor]:
    kinds = ("inversion", "encrypted", "encrypted_2", "recovered", "wrong", "near_miss")
    return {"photo": x, **{kind: torch.cat([noise(kind, key) for key in keys]) for kind in kinds}}


def measuring(faces: int = 7) -> Measuring:
    """Seven faces, two at a time, three of them under many passwords; every kind of judge."""
    source: Any = SimpleNamespace(
        held_out=lambda seed, size, lacks: ((f"face/{i}", noise("photo", i)) for i in range(faces)),
        total=faces,
        faces_path=Path("faces"),
    )
    method: Any = SimpleNamespace(
        size=SIDE,
        lacks=lambda key: None,
        images=method_images,
        encryptions=lambda key, x, count: {kind: noise(kind, key, count=count) for kind in ("encrypted", "wrong")},
    )
    identities = [RecogniserScores(FakeRecogniser(), PAIRS, resamples=10)]
    scores = assemble(identities, [RedDetector()], [], [], 10, 0)  # type: ignore[list-item]
    return Measuring(method, source, scores, [DiversityScores(i) for i in identities], 0, 2, 3, 4, quiet=True)


def rows(made: Measuring) -> str:
    """All numbers; as text, in which nothing is equal to itself alone."""
    return repr([row for one in (*made.scores, *made.diversity) for row in one.rows()])


def test_the_parts_of_several_processes_give_the_numbers_of_one(tmp_path: Path) -> None:
    alone, tracer = measuring(), Tracer()
    names = alone.whole(tracer, BatchFiles(tmp_path / "none", {}))
    assert not (tmp_path / "none").exists()
    files = BatchFiles(tmp_path / "batches", {})
    for part in range(3):
        measuring().part(files, part, 3)
    assert len(list(files.folder.iterdir())) == 4
    shared, shared_tracer = measuring(), Tracer()
    shared.method.images = None  # type: ignore[assignment, method-assign]  # everything is judged
    assert shared.whole(shared_tracer, files) == names == [f"face/{i}" for i in range(7)]
    assert rows(shared) == rows(alone)
    assert shared_tracer._images.keys() == tracer._images.keys()
    for name, kinds in tracer._images.items():
        assert all(torch.equal(shared_tracer._images[name][kind], image) for kind, image in kinds.items())
    assert shared_tracer._many.keys() == tracer._many.keys() == {"face/0", "face/1", "face/2"}


def test_what_no_process_has_judged_is_judged_or_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = measuring()
    alone.whole(Tracer(), BatchFiles(tmp_path / "none", {}))
    files = BatchFiles(tmp_path / "batches", {})
    measuring().part(files, 0, 2)
    rest = measuring()
    rest.whole(Tracer(), files)
    assert rows(rest) == rows(alone)
    monkeypatch.setattr("riddle_pl.evaluation.scores.loop.WAIT_S", 0.01)
    waiting = measuring()
    thread = threading.Thread(target=waiting.whole, args=(Tracer(), files, True))
    thread.start()
    measuring().part(files, 1, 2)
    thread.join(60)
    assert rows(waiting) == rows(alone)


def test_a_batch_of_another_evaluation_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    files = BatchFiles(tmp_path, {"seed": 0})
    measuring().part(files, 0, 1)
    with pytest.raises(DataError, match="of an evaluation with other settings; choose another out"):
        measuring().part(BatchFiles(tmp_path, {"seed": 1}), 0, 1)
    files.path(2).write_bytes(files.path(2).read_bytes()[:100])
    with pytest.raises(DataError, match=r"batch-000002\.safetensors cannot be read .* delete it"):
        measuring().whole(Tracer(), files)


def test_no_face_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no photo of faces could be used"):
        measuring(faces=0).whole(Tracer(), BatchFiles(tmp_path, {}))
