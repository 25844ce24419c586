"""What the tests of the recipes share: one folder of archives, and a detector that always finds a face."""

from pathlib import Path

import pytest
import pytorch_lightning as pl

from riddle_pl.faces.detect import FaceDetector
from tests.pretraining.archives import FACE, face_archive, labelled_archive, write_teacher


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``faces.tar``, ``fasseg.tar``, ``teacher.ckpt`` and ``identities.txt``."""
    folder = tmp_path_factory.mktemp("archives")
    face_archive(folder)
    labelled_archive(folder)
    write_teacher(folder / "teacher.ckpt")
    people = "".join(f"{index:03d}.png {index % 5}\n" for index in range(20))
    (folder / "identities.txt").write_text(f"path label\n{people}", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _faces_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FaceDetector, "detect", lambda _self, _image: [FACE])


@pytest.fixture
def quiet_trainer() -> pl.Trainer:
    """Trains a recipe to its end and leaves nothing on disk."""
    return pl.Trainer(
        accelerator="cpu",
        max_epochs=-1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
