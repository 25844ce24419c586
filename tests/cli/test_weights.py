"""``riddle weights`` would hide a damaged pack, or greet a user's mistake with a traceback."""

import shutil
import sys
from pathlib import Path

import pytest
import torch

from riddle_pl.cli import app
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import Manifest, WeightEntry, load_pack
from riddle_pl.packs.public import PUBLIC_PACKS
from tests.tiny_pack import NETWORKS


def riddle(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    """Exit status of ``riddle ARGS``."""
    monkeypatch.setattr(sys, "argv", ["riddle", *args])
    try:
        app.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path / "home"))


def test_list_shows_every_network_and_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert riddle(monkeypatch, "weights", "list") == 0
    out = capsys.readouterr().out
    for text in (
        "stylegan2-ffhq-256.pt",
        "e4e_ffhq_encode.pt",
        "riddle weights import",
        "riddle weights fetch",
        "lite",
    ):
        assert text in out


def test_list_says_how_to_get_the_mobile_packs_generator_and_under_which_licence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert riddle(monkeypatch, "weights", "list", "--pack", "mobile") == 0
    out = capsys.readouterr().out
    for text in ("random_face-2021.7.21.1-py3-none-any.whl", "missing, fetch it", "present", "non-commercial"):
        assert text in out


def test_list_of_a_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tiny_pack_folder: Path
) -> None:
    assert riddle(monkeypatch, "weights", "list", "--pack", str(tiny_pack_folder)) == 0
    assert capsys.readouterr().out.count("present") == len(NETWORKS)


def test_verify(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tiny_pack_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny_pack_folder, folder)
    assert riddle(monkeypatch, "weights", "verify", "--pack", str(folder)) == 0
    assert capsys.readouterr().out.count(": ok, sha256 ") == len(NETWORKS)

    with (folder / "generator.safetensors").open("ab") as file:
        file.write(b"x")
    (folder / "parser.safetensors").unlink()
    assert riddle(monkeypatch, "weights", "verify", "--pack", str(folder)) == 2
    out, err = capsys.readouterr()
    assert out.count(": ok, sha256 ") == len(NETWORKS) - 2
    assert err.startswith("error: ")
    assert "generator.safetensors" in err
    assert "(and 1 more)" in err
    assert err.count("\n") == 1

    assert riddle(monkeypatch, "weights", "verify", "--pack", str(folder), "--quiet") == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["list", "--pack", "ffhq265"], "did you mean 'ffhq256'"),
        (["import", "generatr", "x.pt"], "did you mean 'generator'"),
        (["import", "generator", "absent.pt"], "absent.pt does not exist"),
        (["import", "generator", "."], "is a folder"),
        (["fetch", "generator"], "no stable address"),
        (["fetch", "perceptul"], "did you mean 'perceptual'"),
        (
            ["fetch", "parser", "--pack", "mobile"],
            "parser comes with pack mobile; fetch and import are for face_mask, generator",
        ),
        (["import", "generator", __file__, "--pack", "mobile"], "test_weights.py has sha256"),
        (["fetch", "parser", "--pack", "lite"], "pack lite in"),
        ([], "Missing command"),
        (["lst"], "No such command"),
    ],
)
def test_mistakes_are_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    args: list[str],
    expected: str,
) -> None:
    assert riddle(monkeypatch, "weights", *args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert expected in err
    assert not (tmp_path / "home").exists()


def test_fetch_where_nothing_is_to_be_fetched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert riddle(monkeypatch, "weights", "fetch", "--pack", "lite") == 0
    assert capsys.readouterr().out == "pack lite is complete in itself; there is nothing to fetch\n"


def test_import(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import torch

    from riddle_pl.networks.encryptors.mlp import MLPEncryptor
    from riddle_pl.packs import load_pack

    file = tmp_path / "mine.pt"
    torch.save({"mapper_state_dict": MLPEncryptor(14).state_dict()}, file)
    assert riddle(monkeypatch, "weights", "import", "encryptor", str(file)) == 0
    assert "imported" in capsys.readouterr().out
    network, tokens = load_pack("ffhq256").encryptor()
    assert isinstance(network, MLPEncryptor)
    assert tokens.name == "single"
    assert riddle(monkeypatch, "weights", "verify", "--pack", "ffhq256") == 0


def test_a_folder_is_imported_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    networks = {role: WeightEntry(role, "stylegan2", f"{role}.pt", "stylegan2") for role in ("generator", "b", "c")}
    monkeypatch.setitem(PUBLIC_PACKS, "ffhq256", Manifest("ffhq256", 8, networks))
    (tmp_path / "downloads" / "RiDDLE").mkdir(parents=True)
    state = Generator(8, {4: 4, 8: 4, 16: 4}, mapping_layers=1).state_dict()
    torch.save({"g_ema": state}, tmp_path / "downloads" / "RiDDLE" / "generator.pt")
    folder = str(tmp_path / "downloads")
    assert riddle(monkeypatch, "weights", "import-folder", folder, "--pack", "ffhq256") == 0
    out = capsys.readouterr().out
    assert "generator: imported" in out
    assert f"b: b.pt is not in {folder}; missing" in out
    load_pack("ffhq256").load("generator")

    (tmp_path / "downloads" / "b.pt").write_bytes(b"damaged")
    assert riddle(monkeypatch, "weights", "import-folder", folder, "--pack", "ffhq256") == 2
    out, err = capsys.readouterr()
    assert "generator: imported" in out
    assert "b: FAILED" in out
    assert "b.pt is not a readable PyTorch checkpoint" in err
    (tmp_path / "empty").mkdir()
    assert riddle(monkeypatch, "weights", "import-folder", str(tmp_path / "empty"), "--pack", "ffhq256") == 2
    assert "holds no checkpoint of pack ffhq256" in capsys.readouterr().err
