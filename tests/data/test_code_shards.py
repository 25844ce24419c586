"""If this fails, codes of large data sets are lost, mixed up with others, or served under another picture's name."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from riddle_pl.data import CodesDataModule
from riddle_pl.data.code_shards import (
    fingerprint,
    invert_archive,
    is_done,
    open_codes,
    read_about,
    target_of,
)
from riddle_pl.errors import DataError
from riddle_pl.inversion import EncoderInversion
from tests.data.conftest import ToyCropper, ToyPack, black, png
from tests.data.test_sources import write_tar


def inverted(folder: Path, pack: ToyPack, archives: int = 3, pictures: int = 5, **options: Any) -> list[Path]:
    """The files of codes of some archives."""
    folder.mkdir(exist_ok=True)
    way = EncoderInversion(pack, "cpu")  # type: ignore[arg-type]
    files = []
    for number in range(archives):
        archive = write_tar(folder / f"photos-{number}.tar", pictures, first=10 * number)
        files.append(target_of(archive, folder))
        invert_archive(archive, files[-1], way, ToyCropper(), batch_size=2, **options)
    return files


def test_each_code_stands_at_its_picture_s_name(tmp_path: Path, toy_pack: ToyPack) -> None:
    [file] = inverted(tmp_path, toy_pack, archives=1)
    w = open_codes(file).get_slice("w")[:]
    assert json.loads(read_about(file)["keys"]) == [f"faces/{i}.jpg" for i in range(5)]
    for i in range(5):
        torch.testing.assert_close(w[i, None], toy_pack.encoder(ToyCropper()(png(i), "x", 32)))


def test_pictures_without_a_code_are_named(tmp_path: Path, toy_pack: ToyPack) -> None:
    archive = write_tar(tmp_path / "x.tar", 3, others={"black.png": black(), "cut.png": png(1)[:-300]})
    way = EncoderInversion(toy_pack, "cpu")  # type: ignore[arg-type]
    codes, skipped = invert_archive(archive, tmp_path / "x.codes.safetensors", way, ToyCropper())
    assert codes == 3
    assert "no face" in skipped["black.png"]
    assert json.loads(read_about(tmp_path / "x.codes.safetensors")["skipped"]) == skipped


def test_codes_made_in_another_way_are_not_taken_for_done(tmp_path: Path, toy_pack: ToyPack) -> None:
    [file] = inverted(tmp_path, toy_pack, archives=1)
    own = fingerprint(EncoderInversion(toy_pack, "cpu"), ToyCropper())  # type: ignore[arg-type]
    assert is_done(file, own)
    assert not is_done(tmp_path / "absent.codes.safetensors", own)
    with pytest.raises(DataError, match="another pack, inversion or alignment"):
        is_done(file, fingerprint(EncoderInversion(ToyPack(2.0), "cpu"), ToyCropper()))  # type: ignore[arg-type]
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(DataError, match="cannot be read as codes"):
        is_done(file, own)


def module(folder: Path, pack: Any, **options: Any) -> CodesDataModule:
    return CodesDataModule(str(folder), pack, **({"batch_size": 2, "val_share": 0.3} | options))


def first_numbers(w: torch.Tensor) -> list[float]:
    return sorted(round(float(v), 5) for v in w[:, 0, 0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_an_epoch_serves_every_code_once_and_none_that_is_held_out(
    tmp_path: Path, toy_pack: ToyPack, dtype: torch.dtype
) -> None:
    files = inverted(tmp_path, toy_pack, dtype=dtype)
    everything = torch.cat([open_codes(file).get_slice("w")[:].float() for file in files])
    data = module(tmp_path, toy_pack, batch_size=1)
    train = torch.cat([batch["w"] for batch in data.train_dataloader()])
    val = torch.cat([batch["w"] for batch in data.val_dataloader()])
    assert train.dtype == torch.float32
    assert 0 < len(val) < len(train)
    assert first_numbers(torch.cat([train, val])) == first_numbers(everything)
    halves = [module(tmp_path, toy_pack, batch_size=1).train_batches(rank, 2) for rank in range(2)]
    rows = [row for stream, steps in halves for step in range(steps) for row in stream.rows(step)]  # type: ignore[attr-defined]
    assert len(set(rows)) == len(rows) == len(train) // 2 * 2
    inverted(tmp_path, toy_pack, archives=4, dtype=dtype)  # one more changes nothing for these
    more = torch.cat([batch["w"] for batch in module(tmp_path, toy_pack).val_dataloader()])
    assert set(first_numbers(val)) <= set(first_numbers(more))


def test_what_cannot_be_served_is_one_line(tmp_path: Path, toy_pack: ToyPack) -> None:
    with pytest.raises(DataError, match=r"no codes .* riddle invert"):
        module(tmp_path, toy_pack).setup()
    files = inverted(tmp_path, toy_pack)
    with pytest.raises(DataError, match="fewer than a batch of 40"):
        module(tmp_path, toy_pack, batch_size=40).train_dataloader()
    with pytest.raises(DataError, match="are for the generator of pack toy"):
        module(tmp_path, ToyPack(2.0)).setup()
    about = {**read_about(files[1]), "fingerprint": "another"}
    save_file({"w": torch.zeros(2, 8, 512)}, files[1], metadata=about)
    with pytest.raises(DataError, match="made in another way than the other codes"):
        module(tmp_path, toy_pack).setup()
    save_file({"w": torch.zeros(2, 8, 512)}, files[1])
    with pytest.raises(DataError, match="is no file of `riddle invert`"):
        module(tmp_path, toy_pack).setup()
    with pytest.raises(DataError, match=r"data\.val_share=1\.0"):
        module(tmp_path, toy_pack, val_share=1.0)
