"""If this fails, an encryptor that somebody trained cannot be used on photos, or a pack does not reach anybody else."""

import shutil
from pathlib import Path

import pytest

from riddle_pl.packs import Pack, load_pack
from riddle_pl.packs.public import PUBLIC_PACKS
from tests.cli.riddle_command import Riddle
from tests.packs.test_own import public  # noqa: F401  # a fixture
from tests.training.jobs import fit, small_job


@pytest.fixture
def riddle(
    tmp_path: Path, tiny_pack: Pack, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Riddle:
    (tmp_path / "work").mkdir()
    return Riddle(tmp_path / "work", tiny_pack.folder, capfd, monkeypatch)


def test_from_training_on_a_public_pack_to_photos_and_to_another_person(
    riddle: Riddle,
    public: Pack,  # noqa: F811
    few_statistics: None,
) -> None:
    job = small_job(
        Path("ffhq256"), ["encryptor=involutive", "encryptor.hidden=16", "encryptor.depth=1", "steps=1"], False
    )
    checkpoint = fit(job, riddle.folder / "run")

    assert riddle("packs", "new", "mine", "--from", "ffhq256").status == 0
    made = riddle("packs", "add", "mine", "encryptor", str(checkpoint))
    assert made.status == 0, made.err
    assert "riddle encrypt PHOTO --pack ./mine" in made.out
    riddle.pack = "./mine"
    assert riddle.encrypt("photo.png").status == 0

    assert riddle("packs", "share", "mine", "mine.zip").status == 0
    assert riddle("packs", "open", "mine.zip", "theirs").status == 0
    shutil.rmtree("mine")
    riddle.pack = "./theirs"
    assert riddle.decrypt("photo_anonymised.riddle").status == 0
    assert load_pack("./theirs").encryptors == ("encryptor", "encryptor-df")


def test_what_does_not_go_is_one_line_and_changes_nothing(riddle: Riddle, tiny_pack: Pack) -> None:
    assert riddle("packs", "copy", str(tiny_pack.folder), "mine").status == 0
    before = riddle.files()
    network = str(tiny_pack.path("encryptor"))
    for args, expected in (
        (("new", "mine", "--from", "lite"), "exists already"),
        (("new", "other", "--from", "lit"), "did you mean 'lite'"),
        (("add", "mine", "encryptor", network), "has a network encryptor already"),
        (("add", "nowhere", "encryptor", network), "manifest.json is missing"),
        (("add", "mine", "encryptor-2", "absent.ckpt"), "absent.ckpt does not exist"),
        (("add", "mine", "encryptor-2", "photo.png"), "is not a readable PyTorch checkpoint"),
        (("open", "photo.png", "other"), "is no zip file"),
        (("share", "mine", "mine.tar"), "expected NAME.zip"),
        (("show", "nowhere"), "is unknown"),
    ):
        riddle.refused(riddle("packs", *args), expected, before=before)


def test_list_and_show(riddle: Riddle, tiny_pack: Pack) -> None:
    shutil.copytree(tiny_pack.folder, "mine")
    listed = riddle("packs", "list").out
    assert all(name in listed for name in ("lite", "mine", *PUBLIC_PACKS))
    shown = riddle("packs", "show", "./mine").out
    assert tiny_pack.expected_sha256("encryptor-df") in shown
    assert "encryptor: transformer, per_layer tokens, present" in shown
