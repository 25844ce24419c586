"""What the audits are tested on: archives with labels in their names, painted people with two folds of pairs."""

from pathlib import Path

import pytest
import torch

from riddle_pl.evaluation.audits.audit import AuditContext
from riddle_pl.faces.detect import FaceDetector
from tests.evaluation.fakes import FakeRecogniser, write_lfw
from tests.pretraining.archives import FACE, encoded, face, labelled_archive, write_tar

GROUPS = ("female_white", "male_white", "female_asian", "male_black")


def write_archives(folder: Path) -> None:
    """``people.tar`` with labels, ``stars.tar`` with several images of a person, ``fasseg.tar``."""
    people = {f"people/{i:03d}_{GROUPS[i % 4]}.png": encoded(face(i)) for i in range(24)}
    people |= {f"people/{i:03d}A{i - 4}.png": encoded(face(i)) for i in range(24, 40)}
    write_tar(folder / "people.tar", people)
    write_tar(folder / "stars.tar", {f"stars/{i:03d}.png": encoded(face(100 + i)) for i in range(20)})
    rows = [f"{i:03d}.png {i // 2}" for i in range(20)]
    (folder / "identities.txt").write_text("\n".join(["path label", *rows]) + "\n")
    labelled_archive(folder)


@pytest.fixture(scope="session")
def audit_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder with archives and LFW's layout: 6 people in two folds."""
    folder = write_lfw(tmp_path_factory.mktemp("audit") / "data")
    write_archives(folder)
    rows = (folder / "pairs.txt").read_text().splitlines()
    same, different = rows[1:7], rows[7:]
    folds = [*same[:3], *different[:3], *same[3:], *different[3:]]
    (folder / "pairs.txt").write_text("\n".join(["2\t3", *folds]) + "\n")
    return folder


@pytest.fixture
def context(tiny_pack, tmp_path) -> AuditContext:
    """The tiny pack and a recogniser without weights."""
    return AuditContext(
        pack=tiny_pack,
        recognisers=[FakeRecogniser()],
        detectors=[],
        seed=0,
        resamples=20,
        batch_size=4,
        device=torch.device("cpu"),
        cache_dir=tmp_path / "cache",
        quiet=True,
    )


@pytest.fixture(autouse=True)
def _faces_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FaceDetector, "detect", lambda _self, _image: [FACE])
