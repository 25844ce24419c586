"""If this fails, photos are dropped in silence, leak from validation into training, or come in another order."""

import csv
import logging
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.data import ImagesDataModule, latent_cache
from riddle_pl.data.inverted import held_out
from riddle_pl.data.latent_batches import ShuffledBatches
from riddle_pl.data.sources import FolderSource, sha256
from riddle_pl.errors import DataError
from riddle_pl.faces.crop import FaceCropper
from riddle_pl.inversion import EncoderInversion, RefinedInversion
from riddle_pl.packs import Pack
from tests.data.conftest import ToyCropper, ToyPack, black, png, write_images


def module(folder: Path, pack: Any, **options: Any) -> ImagesDataModule:
    defaults = {"batch_size": 2, "val_share": 0.3, "cache_dir": str(folder.parent / "cache")}
    return ImagesDataModule(folder, pack, options.pop("cropper", ToyCropper()), **(defaults | options))


def prepared(folder: Path, pack: Any, **options: Any) -> ImagesDataModule:
    data = module(folder, pack, **options)
    data.prepare_data()
    data.setup()
    return data


def rounded(w: torch.Tensor) -> set[float]:
    return {round(float(v), 5) for v in w[:, 0, 0]}


def skipped(data: ImagesDataModule) -> dict[str, str]:
    with (data.split_folder() / "skipped.csv").open() as file:
        return {row["file"]: row["reason"] for row in csv.DictReader(file)}


def test_split_is_by_content_and_covers_everything_once(tmp_path: Path, toy_pack: ToyPack) -> None:
    data = prepared(write_images(tmp_path / "photos", 20), toy_pack)
    train = torch.cat([batch["w"] for batch in data.train_dataloader()])
    val = torch.cat([batch["w"] for batch in data.val_dataloader()])
    expected = [i for i in range(20) if held_out(sha256(png(i)), 0.3)]
    assert 0 < len(expected) < 15
    assert len(val) == len(expected)
    assert len(train) == (20 - len(expected)) // 2 * 2
    assert not rounded(val) & rounded(train)
    renamed = prepared(write_images(tmp_path / "renamed", 20, pattern="sub/{}_x.png"), toy_pack)
    assert torch.equal(val, torch.cat([batch["w"] for batch in renamed.val_dataloader()]))
    assert toy_pack.encoder.pictures == 20


def test_order_is_new_in_each_epoch_and_depends_on_the_seed_alone(tmp_path: Path, toy_pack: ToyPack) -> None:
    data = prepared(write_images(tmp_path / "photos", 20), toy_pack, seed=3)
    stream, steps = data.train_batches(0, 1)
    assert isinstance(stream, ShuffledBatches)
    epochs = [[row for step in range(e * steps, (e + 1) * steps) for row in stream.rows(step)] for e in range(2)]
    assert epochs[0] != epochs[1]
    assert len(set(epochs[0])) == len(epochs[0])
    again = prepared(tmp_path / "photos", toy_pack, seed=3).train_batches(0, 1)[0]
    assert torch.equal(stream[steps + 1]["w"], again[steps + 1]["w"])
    other = prepared(tmp_path / "photos", toy_pack, seed=4).train_batches(0, 1)[0]
    assert isinstance(other, ShuffledBatches)
    assert [other.rows(step) for step in range(steps)] != [stream.rows(step) for step in range(steps)]


def test_devices_share_an_epoch_without_overlap(tmp_path: Path, toy_pack: ToyPack) -> None:
    data = prepared(write_images(tmp_path / "photos", 20), toy_pack)
    rows: list[int] = []
    for rank in range(2):
        stream, steps = data.train_batches(rank, 2)
        assert isinstance(stream, ShuffledBatches)
        rows += [row for step in range(steps) for row in stream.rows(step)]
    assert len(rows) == len(set(rows)) == steps * 4


def test_a_share_of_each_batch_is_drawn_and_the_rest_are_the_photos_of_that_step(
    tmp_path: Path, toy_pack: ToyPack, tiny_pack: Pack
) -> None:
    toy_pack.generator = tiny_pack.generator  # type: ignore[attr-defined]  # a toy pack has none
    folder = write_images(tmp_path / "photos", 20)
    photos, expected = prepared(folder, toy_pack, batch_size=4).train_batches(0, 1)
    mixed, steps = prepared(folder, toy_pack, batch_size=4, drawn=0.25).train_batches(0, 1)
    first, second = mixed[0]["w"], mixed[1]["w"]
    assert steps == expected
    assert torch.equal(first[1:], photos[0]["w"][1:])
    assert first[0].std(dim=0).max() == 0  # a drawn person's layers are equal
    assert first.shape == (4, 8, 512)
    assert not torch.equal(first[0], second[0])
    again = prepared(folder, toy_pack, batch_size=4, drawn=0.25)
    assert torch.equal(first, again.train_batches(0, 1)[0][0]["w"])
    assert not torch.equal(first[0], again.train_batches(1, 2)[0][0]["w"][0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drawn": 1.0}, "data.drawn=1.0; expected a share from 0 to below 1"),
        ({"drawn": -0.1}, "data.drawn=-0.1; expected a share"),
        ({"drawn": 0.5, "target": "photo", "keep_crops": True}, "no photo shows drawn people"),
    ],
)
def test_a_share_that_cannot_be_drawn_is_refused(
    tmp_path: Path, toy_pack: ToyPack, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        module(tmp_path, toy_pack, **options)


def test_every_skipped_file_is_listed(tmp_path: Path, toy_pack: ToyPack, caplog: pytest.LogCaptureFixture) -> None:
    folder = write_images(tmp_path / "photos", 8)
    (folder / "black.png").write_bytes(black())
    (folder / "copy.png").write_bytes(png(1))
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture")
    with caplog.at_level(logging.WARNING):
        data = prepared(folder, toy_pack)
    reasons = skipped(data)
    assert sorted(reasons) == ["black.png", "copy.png", "empty.jpg", "text.jpg"]
    assert reasons["copy.png"] == "exact duplicate of 00001.png"
    assert "4 of 12 images" in caplog.text
    assert str(data.split_folder() / "skipped.csv") in caplog.text
    (folder / "black.png").write_bytes(png(50))
    assert sorted(skipped(prepared(folder, toy_pack))) == ["copy.png", "empty.jpg", "text.jpg"]


def test_a_second_start_reads_no_image_unless_it_was_written_or_asked_to(
    tmp_path: Path, toy_pack: ToyPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_images(tmp_path / "photos", 6)
    prepared(folder, toy_pack)
    reads: list[str] = []
    hashed: list[Path] = []
    read, hash_file = FolderSource.read, latent_cache.sha256_file
    monkeypatch.setattr(FolderSource, "read", lambda self, key: reads.append(key) or read(self, key))
    monkeypatch.setattr(latent_cache, "sha256_file", lambda path: hashed.append(path) or hash_file(path))

    prepared(folder, toy_pack)
    assert (reads, hashed) == ([], [])
    (folder / "00002.png").write_bytes(png(50))
    data = prepared(folder, toy_pack)
    assert reads == ["00002.png"] * 2  # for its hash, and for its code
    assert toy_pack.encoder.pictures == 7
    assert sum(len(table) for table in data._tables.values()) == 6

    reads.clear()
    hashed.clear()
    prepared(folder, toy_pack, recheck=True)
    assert sorted(reads) == [f"{i:05d}.png" for i in range(6)]
    assert len(hashed) == 2
    (data.split_folder() / "digests.json").write_text('{"00000.png": 3}')  # a file of anyone: not taken
    prepared(folder, toy_pack)
    assert len(reads) == 12


def test_a_cache_can_be_read_by_the_user_s_group(tmp_path: Path, toy_pack: ToyPack) -> None:
    before = os.umask(0o027)
    try:
        data = prepared(write_images(tmp_path / "photos", 3), toy_pack)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in data.cache().folder.iterdir() if path.is_file()}
    assert modes["shard-00000.safetensors"] == modes["index.json"] == 0o640


@pytest.mark.slow
def test_faces_that_other_processes_align_give_the_same_cache(tmp_path: Path, toy_pack: ToyPack) -> None:
    folder = write_images(tmp_path / "photos", 12)
    (folder / "black.png").write_bytes(black())
    alone = prepared(folder, toy_pack, cache_dir=str(tmp_path / "alone"))
    together = prepared(folder, toy_pack, cache_dir=str(tmp_path / "together"), inversion_workers=2)
    assert skipped(alone) == skipped(together)
    for name in ("train", "val"):
        rows = range(len(alone._tables[name]))
        assert torch.equal(alone._tables[name].codes(rows), together._tables[name].codes(rows))


def test_nothing_usable_is_an_error_that_says_why(tmp_path: Path, toy_pack: ToyPack) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    with pytest.raises(DataError, match="no images in"):
        prepared(folder, toy_pack)
    (folder / "black.png").write_bytes(black())
    with pytest.raises(DataError, match=r"none of the 1 images .* is usable .*no face was found .*skipped\.csv"):
        prepared(folder, toy_pack)


def test_few_images(tmp_path: Path, toy_pack: ToyPack) -> None:
    folder = write_images(tmp_path / "photos", 2)
    data = prepared(folder, toy_pack, batch_size=1, val_share=0.001)
    assert len(list(data.val_dataloader())) == 1
    assert len(list(data.train_dataloader())) == 1
    with pytest.raises(DataError, match=r"1 usable training images are fewer than a batch of 4; give batch_size=1"):
        prepared(folder, toy_pack, batch_size=4, val_share=0.001).train_dataloader()


def test_targets_and_photos(tmp_path: Path, toy_pack: ToyPack) -> None:
    folder = write_images(tmp_path / "photos", 12)
    plain = prepared(folder, toy_pack)
    assert set(next(iter(plain.train_dataloader()))) == {"w"}
    batch = next(iter(plain.val_dataloader()))
    assert set(batch) == {"w", "face", "photo"}
    assert batch["photo"].shape[1:] == (3, 32, 32)
    photo = prepared(folder, toy_pack, target="photo")
    batch = next(iter(photo.train_dataloader()))
    assert torch.allclose(toy_pack.encoder(batch["x"]), batch["w"], atol=1e-2)
    assert set(next(iter(photo.val_dataloader()))) == {"w", "face", "photo", "x"}
    assert set(next(iter(prepared(folder, toy_pack, keep_crops=False).val_dataloader()))) == {"w", "face"}


def test_limits(tmp_path: Path, toy_pack: ToyPack) -> None:
    data = prepared(write_images(tmp_path / "photos", 20), toy_pack, max_images=10, val_images=1)
    assert toy_pack.encoder.pictures == 10
    assert sum(len(batch["w"]) for batch in data.val_dataloader()) == 1


def test_setup_without_preparing_is_an_error(tmp_path: Path, toy_pack: ToyPack) -> None:
    with pytest.raises(DataError, match="prepare_data"):
        module(write_images(tmp_path / "photos", 2), toy_pack).setup()


@pytest.mark.parametrize(
    "options",
    [{"target": "foto"}, {"target": "photo", "keep_crops": False}, {"val_share": 1.0}, {"val_images": 0}],
)
def test_impossible_values_are_named(tmp_path: Path, toy_pack: ToyPack, options: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=f"data.{next(iter(options))}="):
        module(tmp_path, toy_pack, **options)


def test_a_pack_from_disk_and_the_real_cropper(tmp_path: Path, tiny_pack: Any) -> None:
    if not tiny_pack.has("encoder"):
        pytest.skip("the tiny pack has no encoder yet")
    folder = write_images(tmp_path / "photos", 4)
    data = prepared(folder, tiny_pack, cropper=FaceCropper(aligned=True), val_share=0.1)
    assert next(iter(data.train_dataloader()))["w"].shape == (2, 8, 512)


def test_the_way_of_inverting_can_be_chosen(tmp_path: Path, tiny_pack: Any) -> None:
    folder = write_images(tmp_path / "photos", 4)
    batches = []
    for inversion in (EncoderInversion(tiny_pack), RefinedInversion(tiny_pack, steps=2), None):
        data = prepared(
            folder, tiny_pack, cropper=FaceCropper(aligned=True), val_share=0.1, inversion=inversion, inversion_batch=3
        )
        batches.append(next(iter(data.train_dataloader()))["w"])
    encoded, refined, default = batches
    torch.testing.assert_close(default, encoded)
    assert 0 < (refined - encoded).abs().max() < 1


def test_shared_archive_of_aligned_faces(tmp_path: Path, shared: Path, toy_pack: ToyPack) -> None:
    archive = shared / "data" / "synthetic_128.tar"
    data = ImagesDataModule(
        [archive],
        toy_pack,
        FaceCropper(aligned=True),
        max_images=40,
        cache_dir=str(tmp_path),  # type: ignore[arg-type]
    )
    data.prepare_data()
    assert skipped(data) == {}
    assert next(iter(data.train_dataloader()))["w"].shape == (4, 8, 512)
