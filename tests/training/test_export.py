"""A failure here: what was trained would not be what the pack, and the user's photos, get."""

import shutil
from pathlib import Path

import pytest
import torch

from riddle_pl.errors import CheckpointError, PackError
from riddle_pl.packs import Pack, load_pack
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.ema import EMA_KEY
from riddle_pl.training.export import check_export, export_encryptor, load_trained_encryptor
from tests.training.jobs import fit, small_job

SMALL = ("encryptor=involutive", "encryptor.hidden=16", "encryptor.depth=1", "steps=1")


@pytest.fixture(scope="module")
def checkpoint(tiny_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = fit(small_job(tiny_pack.folder, SMALL, False), tmp_path_factory.mktemp("run"))
    assert path is not None
    return path


@pytest.mark.parametrize("role", ["recogniser", "generator", "encryptor-padded", "encryptors", "mine"])
def test_an_encryptor_is_not_taken_for_another_network(
    tiny_pack: Pack, checkpoint: Path, tmp_path: Path, role: str
) -> None:
    folder = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(PackError, match=f"^role={role}"):
        export_encryptor(checkpoint, folder, role, overwrite=True)
    with pytest.raises(PackError, match=f"^export_role={role}.*encryptor-mine"):
        check_export(folder, tiny_pack, role, overwrite=True)
    assert (folder / "manifest.json").read_bytes() == before


def test_the_average_is_exported(tiny_pack: Pack, checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    export_encryptor(checkpoint, folder, "encryptor-mine", card="# Mine")
    encryptor, tokens = load_pack(folder).encryptor("encryptor-mine")
    average = load_checkpoint(checkpoint)[EMA_KEY]
    assert tokens.name == "per_layer"
    assert all(torch.equal(value, average[name]) for name, value in encryptor.state_dict().items())
    assert (folder / "encryptor-mine.md").is_file()


def test_a_later_export_names_the_hardware_of_the_run(tiny_pack: Pack, checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    export_encryptor(checkpoint, folder, "encryptor-mine")
    card = (folder / "encryptor-mine.md").read_text(encoding="utf-8")
    assert f"1 steps on {torch.get_num_threads()} CPU threads; averaged weights" in card


def test_an_earlier_checkpoint_does_not_name_it(tiny_pack: Pack, checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    state = torch.load(checkpoint, weights_only=True)
    del state["riddle"]["hardware"]
    torch.save(state, tmp_path / "earlier.ckpt")
    export_encryptor(tmp_path / "earlier.ckpt", folder, "encryptor-mine")
    assert "1 steps; averaged weights" in (folder / "encryptor-mine.md").read_text(encoding="utf-8")


def test_the_trained_encryptor_alone(checkpoint: Path) -> None:
    encryptor, tokens = load_trained_encryptor(checkpoint)
    assert not encryptor.training
    assert tokens.name == "per_layer"
    assert encryptor(torch.randn(1, 8, 512), torch.randn(1, 8, 512)).shape == (1, 8, 512)


def test_a_run_exports_when_asked(tiny_pack: Pack, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    fit(small_job(folder, [*SMALL, f"export={folder}", "export_role=encryptor-new"], False), tmp_path / "run")
    assert load_pack(folder).has("encryptor-new")
    assert "](pictures/encryptor-new_curves.jpg)" in (folder / "encryptor-new.md").read_text(encoding="utf-8")
    assert (folder / "pictures" / "encryptor-new_curves.jpg").is_file()


def test_a_pack_with_another_generator_is_refused(tiny_pack: Pack, checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(tiny_pack.entry("generator").sha256 or "", "0" * 64))
    before = manifest.read_text()
    with pytest.raises(CheckpointError, match="generator"):
        export_encryptor(checkpoint, folder)
    assert manifest.read_text() == before
