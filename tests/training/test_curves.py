"""A failure here: a model card would not show how its network was trained, or would show half of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.errors import FileError, PackError
from riddle_pl.figures.training_log import join_logs
from riddle_pl.pretraining.run import logs_of
from riddle_pl.training.curves import write_curves

CARD = "# encryptor\n\nWhat it is.\n\n## Licence and use\n\nNot for everything.\n"


def log(out: Path, version: int, first_step: int, term: str = "loss/pixel") -> Path:
    path = out / "log" / f"version_{version}" / "metrics.csv"
    path.parent.mkdir(parents=True)
    rows = [f"{step},{1.0 / (step + 1)}" for step in range(first_step, first_step + 3)]
    path.write_text("\n".join([f"step,{term}", *rows, ""]), encoding="utf-8")
    return path


def test_the_parts_of_a_resumed_run_make_one_curve_in_their_order(tmp_path: Path) -> None:
    log(tmp_path, 10, 3)
    log(tmp_path, 9, 0)
    (tmp_path / "log" / "version_9 copy").mkdir()
    (tmp_path / "log" / "version_9 copy" / "metrics.csv").touch()
    logs = logs_of(tmp_path)
    assert [path.parent.name for path in logs] == ["version_9", "version_10"]
    steps, values = join_logs(logs)["loss/pixel"]
    np.testing.assert_array_equal(steps, np.arange(6))
    np.testing.assert_allclose(values, 1.0 / (np.arange(6) + 1))
    assert join_logs([]) == {}


def test_the_card_shows_the_picture_once_before_the_licence(tmp_path: Path) -> None:
    card = tmp_path / "encryptor.md"
    card.write_text(CARD, encoding="utf-8")
    for _ in range(2):
        picture = write_curves([log(tmp_path, len(logs_of(tmp_path)), 0)], tmp_path, "encryptor")
        assert picture == tmp_path / "pictures" / "encryptor_curves.jpg"
        with Image.open(picture) as image:
            assert min(image.size) > 100
    text = card.read_text(encoding="utf-8")
    shown = (
        "## Curves\n\n![Curves of pixel over training steps.](pictures/encryptor_curves.jpg)\n\n## Licence and use\n"
    )
    assert text == CARD.replace("## Licence and use\n", shown)


def test_without_a_loss_there_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "encryptor.md").write_text(CARD, encoding="utf-8")
    assert write_curves([], tmp_path, "encryptor") is None
    assert write_curves([log(tmp_path, 0, 0, "rate/other")], tmp_path, "encryptor") is None
    assert (tmp_path / "encryptor.md").read_text(encoding="utf-8") == CARD
    assert not (tmp_path / "pictures").exists()


def test_an_absent_card_or_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"model card .*encryptor\.md does not exist"):
        write_curves([log(tmp_path, 0, 0)], tmp_path, "encryptor")
    (tmp_path / "encryptor.md").write_text(CARD, encoding="utf-8")
    with pytest.raises(FileError, match=r"training log .*gone\.csv does not exist"):
        write_curves([tmp_path / "gone.csv"], tmp_path, "encryptor")
    assert not (tmp_path / "pictures").exists()
