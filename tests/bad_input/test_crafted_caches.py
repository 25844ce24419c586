"""If this fails, a cache folder from a stranger runs SQL, reads or writes elsewhere, or gives a traceback."""

import hashlib
import json
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from riddle_pl.data.inverted import _read_split
from riddle_pl.data.latent_cache import LatentCache, LatentTable
from riddle_pl.data.sources import FolderSource
from riddle_pl.errors import DataError, FileError
from riddle_pl.files import sha256_file
from riddle_pl.inversion import EncoderInversion
from riddle_pl.judging.cache import FILE_NAME, TABLE, CachedDetector, JudgementCache, image_key
from riddle_pl.judging.pairs import _cached
from tests.bad_input.crafted import Marks, one_line
from tests.data.conftest import ToyCropper, ToyPack
from tests.judging.test_cache import HalfBlind


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    return Marks(tmp_path)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randint(0, 256, (2, 3, 4, 4)) / 127.5 - 1


def keys(x: torch.Tensor, fingerprint: str = "judge") -> list[bytes]:
    return [image_key(fingerprint, image) for image in ((x + 1) * 127.5).round().byte()]


def database(folder: Path, *statements: str, rows: dict[bytes, Any] | None = None) -> None:
    folder.mkdir(exist_ok=True)
    connection = sqlite3.connect(folder / FILE_NAME)
    for statement in statements or (f"CREATE TABLE {TABLE}",):
        connection.execute(statement)
    for key, value in (rows or {}).items():
        connection.execute("INSERT INTO judgements VALUES (?, ?)", (key, value))
    connection.commit()
    connection.close()


def judged(folder: Path, x: torch.Tensor) -> torch.Tensor:
    return JudgementCache(folder).rows("judge", x, lambda images: torch.ones(len(images), 5))


@pytest.mark.parametrize("value", ["text", None, 3, 2.5, b"odd"])
def test_a_row_of_another_type_is_judged_again(value: Any, x: torch.Tensor, tmp_path: Path) -> None:
    database(tmp_path / "cache", rows={keys(x)[0]: value})
    assert torch.equal(judged(tmp_path / "cache", x), torch.ones(2, 5))


def test_rows_of_several_lengths_are_judged_again(x: torch.Tensor, tmp_path: Path) -> None:
    one, other = keys(x)
    database(tmp_path / "cache", rows={one: bytes(4), other: bytes(8)})
    assert torch.equal(judged(tmp_path / "cache", x), torch.ones(2, 5))


def test_rows_of_another_length_are_one_line(x: torch.Tensor, tmp_path: Path) -> None:
    database(tmp_path / "cache", rows={keys(x)[0]: bytes(4)})
    with pytest.raises(FileError, match="holds other numbers than this judge's; delete it") as error:
        judged(tmp_path / "cache", x)
    one_line(error.value)


def test_rows_that_are_no_faces_are_one_line(x: torch.Tensor, tmp_path: Path) -> None:
    database(tmp_path / "cache", rows=dict.fromkeys(keys(x, "detection half blind 1"), bytes(12)))
    with pytest.raises(FileError, match="holds other numbers than half blind's"):
        CachedDetector(HalfBlind(), JudgementCache(tmp_path / "cache")).locate(x)


SCHEMAS = {
    "view": (
        "CREATE VIEW judgements AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) "
        "SELECT x'00' AS image, x'00000000' AS numbers FROM c",
    ),
    "trigger": (
        f"CREATE TABLE {TABLE}",
        "CREATE TRIGGER t BEFORE INSERT ON judgements BEGIN DELETE FROM judgements; SELECT RAISE(ABORT, 'ran'); END",
    ),
    "columns": ("CREATE TABLE judgements (image BLOB, numbers BLOB AS (zeroblob(1000000000)))",),
}


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_a_database_that_would_run_something_is_left_alone(
    kind: str, x: torch.Tensor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database(tmp_path / "cache", *SCHEMAS[kind])
    with caplog.at_level(logging.WARNING):
        assert torch.equal(judged(tmp_path / "cache", x), torch.ones(2, 5))
    assert "more than a table of judgements" in caplog.text


def test_a_database_that_is_a_link_is_not_followed(x: torch.Tensor, tmp_path: Path, marks: Marks) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / FILE_NAME).symlink_to(marks.appears)
    with pytest.raises(FileError, match="is a link that leads out of"):
        judged(tmp_path / "cache", x)
    assert marks.nothing_ran


@pytest.fixture
def latents(tmp_path: Path, toy_pack: ToyPack) -> LatentCache:
    """A cache folder that nothing was written to yet."""
    cache = LatentCache(tmp_path / "cache", EncoderInversion(toy_pack, "cpu"), ToyCropper())  # type: ignore[arg-type]
    cache.folder.mkdir(parents=True)
    return cache


@pytest.fixture
def toy_pack() -> ToyPack:
    return ToyPack()


def write_index(cache: LatentCache, shards: Any, unusable: Any = None) -> None:
    content = {"fingerprint": cache.fingerprint, "shards": shards, "unusable": {} if unusable is None else unusable}
    (cache.folder / "index.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    "name", ["../outside.safetensors", "/outside.safetensors", "shard-1.txt", "shard-x.safetensors"]
)
def test_an_index_does_not_lead_out_of_its_folder(name: str, latents: LatentCache, tmp_path: Path) -> None:
    """A shard of that name would be read, and its number taken for the next one's name."""
    outside = tmp_path / "outside.safetensors"
    save_file({"w": torch.zeros(1, 8, 512)}, outside)
    name = name if name != "/outside.safetensors" else str(outside)
    write_index(latents, {name: {"sha256": sha256_file(outside), "images": ["a"]}})
    with pytest.raises(DataError, match="lacks 1 of 1 images"):
        LatentTable(latents, ["a"])


@pytest.mark.parametrize(
    "shards",
    [3, [1], {"shard-00000.safetensors": 3}, {"shard-00000.safetensors": {"sha256": "a"}}, "deep"],
    ids=range(5),
)
def test_an_index_of_other_types_is_made_anew(
    shards: Any, latents: LatentCache, caplog: pytest.LogCaptureFixture
) -> None:
    write_index(latents, shards)
    if shards == "deep":
        (latents.folder / "index.json").write_text("[" * 100_000)
    with caplog.at_level(logging.WARNING):
        assert latents.read_index().shards == {}
    assert "is damaged" in caplog.text


@pytest.mark.parametrize("shape", [(1,), (0, 8, 512), (1, 1, 8, 512)], ids=str)
def test_a_shard_without_codes_is_one_line(shape: tuple[int, ...], latents: LatentCache) -> None:
    path = latents.folder / "shard-00000.safetensors"
    save_file({"w": torch.zeros(shape)}, path)
    write_index(latents, {path.name: {"sha256": sha256_file(path), "images": ["a"]}})
    with pytest.raises(DataError, match=r"shard-00000\.safetensors .*; delete it"):
        LatentTable(latents, ["a"]).codes([0])


@pytest.mark.parametrize("name", ["index.json", "shard-00000.safetensors"])
def test_a_cache_is_not_written_through_links(name: str, latents: LatentCache, marks: Marks) -> None:
    index = latents.read_index()
    (latents.folder / name).symlink_to(marks.appears)
    write = {
        "index.json": lambda: latents._write_index(index),
        "shard-00000.safetensors": lambda: latents._write_shard(index, {"a": torch.zeros(1, 3, 32, 32)}),
    }[name]
    with pytest.raises(FileError, match="is a link that leads out of"):
        write()
    assert marks.nothing_ran


def test_a_lock_that_is_a_link_empties_no_file(latents: LatentCache, marks: Marks) -> None:
    (latents.folder / "lock").symlink_to(marks.stays)
    with pytest.raises(FileError, match="is a link that leads out of"):
        latents.build(FolderSource(latents.folder), [])
    assert marks.nothing_ran


@pytest.mark.parametrize("content", ["[" * 100_000, "3", '{"train": ["a"]}', '{"train": 3, "val": 4}'], ids=range(4))
def test_a_split_of_other_types_is_one_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"split\.json is damaged .*delete it") as error:
        _read_split(path)
    one_line(error.value)


@pytest.mark.parametrize("content", ["[" * 100_000, "3", '{"cosines": [{}], "fingerprint": "f"}'], ids=range(3))
def test_cached_pairs_of_other_types_are_compared_again(content: str, tmp_path: Path) -> None:
    path = tmp_path / "pairs.json"
    path.write_text(content)
    assert _cached(path, hashlib.sha256(b"").hexdigest(), 1) is None
