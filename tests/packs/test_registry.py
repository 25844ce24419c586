"""``pack=...`` would open another pack than was meant, or a typo would give a traceback."""

import os
from pathlib import Path

import pytest
import yaml

from riddle_pl.errors import PackError
from riddle_pl.packs import load_pack, pack_names


def test_a_typo_gives_the_nearest_name() -> None:
    with pytest.raises(PackError, match=r"did you mean 'ffhq256'\? choose from lite, mobile, ffhq256, ffhq1024"):
        load_pack("ffhq265")


def test_a_folder_by_text_path_or_manifest(tiny_pack_folder: Path) -> None:
    for given in (tiny_pack_folder, str(tiny_pack_folder), tiny_pack_folder / "manifest.json"):
        assert load_pack(given).name == "tiny"


def test_names_win_over_folders(tiny_pack_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ffhq256").symlink_to(tiny_pack_folder)
    monkeypatch.chdir(tmp_path)
    assert load_pack("ffhq256").name == "ffhq256"
    assert load_pack(f".{os.sep}ffhq256").name == "tiny"


def test_a_folder_without_manifest(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"manifest\.json is missing"):
        load_pack(tmp_path)
    with pytest.raises(PackError, match=r"manifest\.json is missing"):
        load_pack(str(tmp_path / "absent"))


def test_a_config_for_every_name() -> None:
    folder = Path(__file__).resolve().parents[2] / "conf" / "pack"
    configs = {path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")}
    assert set(configs) == set(pack_names()) - {"evaluators"}  # it judges, and cannot be trained with
    for name, config in configs.items():
        assert config == {"_target_": "riddle_pl.packs.load_pack", "name_or_path": name, "size": None}


def test_the_shipped_pack_is_whole() -> None:
    pack = load_pack("lite")
    for role in pack.roles:
        pack.load(role)
        assert (pack.folder / f"{role}.md").is_file(), f"{role} has no model card"
        assert pack.entry(role).license != "unknown"
    needed = {
        "generator",
        "encoder",
        "recogniser",
        "perceptual",
        "parser",
        "encryptor",
        "encryptor-df",
        "encryptor-padded",
        "encryptor-paper",
    }
    assert needed <= set(pack.roles)
    assert sum(path.stat().st_size for path in pack.folder.iterdir()) <= 85e6
