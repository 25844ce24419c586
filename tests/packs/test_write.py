"""A recipe could ship weights that nobody can load, or leave a pack half written."""

from pathlib import Path

import pytest
import torch

from riddle_pl.errors import CheckpointError, PackError
from riddle_pl.packs import build, load_pack, read_manifest
from riddle_pl.packs.write import write_pack_entry

ARGS = {"num_layers": 8, "dim": 8}


def test_writes_weights_manifest_and_card(tmp_path: Path) -> None:
    network = build("mlp", ARGS)
    entry = write_pack_entry(
        tmp_path / "new", "encryptor", network, "mlp", ARGS, size=32, tokens="single", card="# Card", license="CC0"
    )
    pack = load_pack(tmp_path / "new")
    assert pack.entry("encryptor") == entry
    assert (pack.name, pack.size, entry.license) == ("new", 32, "CC0")
    assert (tmp_path / "new" / "encryptor.md").read_text() == "# Card\n"
    for key, value in pack.load("encryptor").state_dict().items():
        torch.testing.assert_close(value, network.state_dict()[key], rtol=0, atol=0)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        "encryptor.md",
        "encryptor.safetensors",
        "manifest.json",
    ]


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path: Path) -> None:
    network = build("mlp", ARGS)
    write_pack_entry(tmp_path / "a", "encryptor", network, "mlp", ARGS, size=32)
    write_pack_entry(tmp_path / "b", "encryptor", network, "mlp", ARGS, size=32, dtype=torch.float16)
    sizes = [(tmp_path / name / "encryptor.safetensors").stat().st_size for name in "ab"]
    assert sizes[1] < 0.7 * sizes[0]
    assert all(p.dtype == torch.float32 for p in load_pack(tmp_path / "b").load("encryptor").parameters())


def test_the_generator_gives_a_new_pack_its_size(tmp_path: Path) -> None:
    args = {"size": 8, "channels": {4: 4, 8: 4}, "mapping_layers": 1}
    write_pack_entry(tmp_path, "generator", build("stylegan2", args), "stylegan2", args)
    assert load_pack(tmp_path).load("generator").size == 8
    with pytest.raises(PackError, match="is a pack of 8 px"):
        write_pack_entry(tmp_path, "encryptor", build("mlp", ARGS), "mlp", ARGS, size=32)


def test_nothing_is_written_for_weights_that_do_not_fit(tmp_path: Path) -> None:
    write_pack_entry(tmp_path, "encryptor", build("mlp", ARGS), "mlp", ARGS, size=32)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(CheckpointError, match="MLPEncryptor given as encryptor"):
        write_pack_entry(tmp_path, "encryptor", build("mlp", ARGS | {"dim": 16}), "mlp", ARGS, overwrite=True)
    with pytest.raises(PackError, match="unknown"):
        write_pack_entry(tmp_path, "encryptor", build("mlp", ARGS), "mpl", ARGS, overwrite=True)
    broken = build("mlp", ARGS)
    next(iter(broken.state_dict().values())).view(-1)[0] = float("nan")
    with pytest.raises(PackError, match="hold numbers that are not finite"):
        write_pack_entry(tmp_path, "encryptor", broken, "mlp", ARGS, overwrite=True)
    with pytest.raises(PackError, match="has a network encryptor already"):
        write_pack_entry(tmp_path, "encryptor", build("mlp", ARGS), "mlp", ARGS)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_new_pack_needs_its_size(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="give its image size"):
        write_pack_entry(tmp_path, "encryptor", build("mlp", ARGS), "mlp", ARGS)


def test_a_newer_manifest_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"format_version": 99}')
    with pytest.raises(PackError, match="upgrade"):
        write_pack_entry(tmp_path, "encryptor", build("mlp", ARGS), "mlp", ARGS)
    with pytest.raises(PackError, match="upgrade"):
        read_manifest(tmp_path / "manifest.json")


def test_a_file_does_not_load_with_other_arguments_than_it_was_written_with(tmp_path: Path) -> None:
    """A padded encryptor with another public part would open records, and open them wrongly."""
    args = {"num_layers": 2, "components": 4, "dim": 16, "public": 1}
    entries = {
        public: write_pack_entry(
            tmp_path / str(public), "encryptor", build("padded", args | {"public": public}), "padded",
            args | {"public": public}, size=32, tokens="key_stream",
        )
        for public in (1, 2)
    }  # fmt: skip
    assert entries[1].sha256 != entries[2].sha256
    manifest = tmp_path / "1" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"public": 1', '"public": 2'))
    with pytest.raises(PackError, match=r'was written as .*"public": 1.*; pack 1 has it as .*"public": 2'):
        load_pack(tmp_path / "1").load("encryptor")
