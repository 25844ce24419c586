"""If this fails, inverted photos are lost by a kill, or stale latents of another pack or picture are trained on."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.data.latent_cache import Item, LatentCache, LatentTable
from riddle_pl.data.sources import FolderSource, sha256
from riddle_pl.errors import DataError, DeviceError
from riddle_pl.inversion import EncoderInversion, RefinedInversion
from tests.data.conftest import ToyCropper, ToyPack, black, png, write_images


def items_of(folder: Path) -> tuple[FolderSource, list[Item]]:
    source = FolderSource(folder)
    return source, [Item(key, sha256(source.read(key))) for key in source.list_keys()]


def cache_at(root: Path, pack: Any, **options: Any) -> LatentCache:
    return LatentCache(
        root / "cache", EncoderInversion(pack, "cpu"), ToyCropper(), shard_size=4, batch_size=3, **options
    )


def codes(cache: LatentCache, items: list[Item]) -> torch.Tensor:
    return LatentTable(cache, [item.sha256 for item in items]).codes(range(len(items)))


def test_codes_are_those_of_the_encoder(tmp_path: Path, toy_pack: ToyPack) -> None:
    source, items = items_of(write_images(tmp_path / "photos", 6))
    cache = cache_at(tmp_path, toy_pack, keep_crops=True)
    cache.build(source, items)
    table = LatentTable(cache, [item.sha256 for item in reversed(items)])
    x = ToyCropper()(png(5), "x", 32)
    assert torch.allclose(table.crops([0]), x, atol=1e-6)
    assert torch.allclose(table.codes([0]), toy_pack.encoder(x), atol=1e-6)
    assert sorted(path.name for path in cache.folder.iterdir()) == [
        "index.json",
        "lock",
        "shard-00000.safetensors",
        "shard-00001.safetensors",
    ]


def test_nothing_is_done_twice_whatever_the_dates(tmp_path: Path, toy_pack: ToyPack) -> None:
    folder = write_images(tmp_path / "photos", 3)
    source, items = items_of(folder)
    cache_at(tmp_path, toy_pack).build(source, items)
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    (folder / "00001.png").rename(folder / "renamed.png")
    source, items = items_of(folder)
    cache_at(tmp_path, toy_pack).build(source, items)
    assert toy_pack.encoder.pictures == 3


def test_changed_and_new_images_are_inverted_even_with_the_old_date(tmp_path: Path, toy_pack: ToyPack) -> None:
    folder = write_images(tmp_path / "photos", 3)
    source, items = items_of(folder)
    cache_at(tmp_path, toy_pack).build(source, items)
    date = (folder / "00001.png").stat().st_mtime
    (folder / "00001.png").write_bytes(png(77))
    os.utime(folder / "00001.png", (date, date))
    source, items = items_of(folder)
    cache = cache_at(tmp_path, toy_pack)
    cache.build(source, items)
    assert toy_pack.encoder.pictures == 4
    assert torch.allclose(codes(cache, items)[1:2], toy_pack.encoder(ToyCropper()(png(77), "x", 32)), atol=1e-6)


def test_another_encoder_or_alignment_means_another_cache(tmp_path: Path, toy_pack: ToyPack) -> None:
    source, items = items_of(write_images(tmp_path / "photos", 2))
    first = cache_at(tmp_path, toy_pack)
    first.build(source, items)
    trained_on = ToyPack(gain=2.0)
    second = cache_at(tmp_path, trained_on)
    second.build(source, items)
    assert torch.equal(codes(second, items), 2 * codes(first, items))
    other = ToyCropper()
    other.fingerprint = "another"
    inversion = EncoderInversion(toy_pack, "cpu")  # type: ignore[arg-type]
    assert len({first.folder, second.folder, LatentCache(tmp_path / "cache", inversion, other).folder}) == 3


def test_another_way_of_inverting_means_another_cache(tmp_path: Path, toy_pack: ToyPack) -> None:
    pack: Any = toy_pack
    ways = [
        EncoderInversion(pack),
        RefinedInversion(pack),
        RefinedInversion(pack, steps=6),
        RefinedInversion(pack, identity=0.4),
    ]
    folders = {LatentCache(tmp_path, way, ToyCropper()).folder for way in ways}
    assert len(folders) == len(ways)
    assert LatentCache(tmp_path, RefinedInversion(pack, device="cpu"), ToyCropper()).folder in folders


def test_a_killed_build_continues_and_ends_with_the_same_bits(
    tmp_path: Path, toy_pack: ToyPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_images(tmp_path / "photos", 11)
    (folder / "00002.png").write_bytes(black())
    source, items = items_of(folder)
    usable = [item for item in items if item.key != "00002.png"]
    whole = cache_at(tmp_path / "whole", ToyPack())
    whole.build(source, items)

    killed = cache_at(tmp_path, toy_pack)
    crop = ToyCropper.__call__

    def kill(self: ToyCropper, data: bytes, name: str, size: int) -> torch.Tensor:
        if name == "00009.png":
            raise KeyboardInterrupt
        return crop(self, data, name, size)

    monkeypatch.setattr(ToyCropper, "__call__", kill)
    with pytest.raises(KeyboardInterrupt):
        killed.build(source, items)
    monkeypatch.undo()
    (killed.folder / "shard-00002.safetensors").write_bytes(b"written before the index was")
    (killed.folder / ".shard-00002.abc.tmp.safetensors").write_bytes(b"half written")
    done = toy_pack.encoder.pictures
    assert done == 7  # two shards of 4, less the one without a face
    resumed = cache_at(tmp_path, toy_pack)
    resumed.build(source, items)
    assert toy_pack.encoder.pictures == 10
    assert torch.equal(codes(resumed, usable), codes(whole, usable))
    for file in ("shard-00000.safetensors", "shard-00001.safetensors", "shard-00002.safetensors"):
        assert (resumed.folder / file).read_bytes() == (whole.folder / file).read_bytes()
    assert not list(resumed.folder.glob(".*"))


def test_unusable_images_are_remembered_with_their_reason(tmp_path: Path, toy_pack: ToyPack) -> None:
    folder = write_images(tmp_path / "photos", 2)
    (folder / "black.png").write_bytes(black())
    (folder / "cut.png").write_bytes(png(3)[:-300])
    source, items = items_of(folder)
    index = cache_at(tmp_path, toy_pack).build(source, items)
    reasons = {item.key: index.unusable.get(item.sha256, "") for item in items}
    assert "no face" in reasons["black.png"]
    assert "damaged" in reasons["cut.png"]
    assert reasons["00000.png"] == ""
    assert cache_at(tmp_path, toy_pack).read_index().unusable == index.unusable


@pytest.mark.parametrize("damage", ["truncate", "flip", "delete", "index"])
def test_damaged_caches_are_repaired(tmp_path: Path, toy_pack: ToyPack, damage: str) -> None:
    source, items = items_of(write_images(tmp_path / "photos", 6))
    cache = cache_at(tmp_path, toy_pack)
    cache.build(source, items)
    before = codes(cache, items)
    shard = cache.folder / "shard-00000.safetensors"
    content = bytearray(shard.read_bytes())
    content[-10] ^= 1
    if damage == "truncate":
        shard.write_bytes(shard.read_bytes()[:-100])
    elif damage == "flip":
        shard.write_bytes(content)
    elif damage == "delete":
        shard.unlink()
    else:
        (cache.folder / "index.json").write_text('{"shards": ')
    cache = cache_at(tmp_path, toy_pack)
    cache.build(source, items)
    assert toy_pack.encoder.pictures == (12 if damage == "index" else 10)
    assert torch.equal(codes(cache, items), before)
    index = json.loads((cache.folder / "index.json").read_text())
    assert sum(len(shard["images"]) for shard in index["shards"].values()) == 6


def test_what_is_not_there_is_an_error(tmp_path: Path, toy_pack: ToyPack) -> None:
    source, items = items_of(write_images(tmp_path / "photos", 1))
    cache = cache_at(tmp_path, toy_pack)
    with pytest.raises(DataError, match="lacks 1 of 1"):
        LatentTable(cache, [items[0].sha256])
    (tmp_path / "photos" / "00000.png").write_bytes(png(9))
    with pytest.raises(DataError, match="changed while it was read"):
        cache.build(source, items)
    if not torch.cuda.is_available():
        elsewhere = LatentCache(tmp_path / "gpu", EncoderInversion(toy_pack, "cuda"), ToyCropper())  # type: ignore[arg-type]
        with pytest.raises(DeviceError, match="device is 'cuda'"):
            elsewhere.build(source, items)
