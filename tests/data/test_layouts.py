"""If this fails, FFHQ or CelebA-HQ as downloaded is not understood, or validation faces are trained on."""

from pathlib import Path
from typing import Any

import pytest

from riddle_pl.data import CelebAHQDataModule, FFHQDataModule
from riddle_pl.errors import DataError
from tests.data.conftest import ToyCropper, ToyPack, png, write_images


def sizes(data: Any) -> tuple[int, int]:
    data.prepare_data()
    train, _ = data.train_batches(0, 1)
    return len(train.table), len(data.val_batches().table)


def options(tmp_path: Path) -> dict[str, Any]:
    return {"batch_size": 1, "cache_dir": str(tmp_path / "cache")}


@pytest.mark.parametrize("layout", ["images1024x1024/", "thumbnails128x128/", ""])
@pytest.mark.parametrize("inner", ["{:05d}.png", "59000/{:05d}.png"])
def test_ffhq_split(tmp_path: Path, toy_pack: ToyPack, layout: str, inner: str) -> None:
    root = tmp_path / "ffhq"
    write_images(root, 7, first=59_995, pattern=layout + inner)
    (root / "LICENSE.txt").write_text("CC BY-NC-SA 4.0")
    data = FFHQDataModule(root, toy_pack, ToyCropper(), **options(tmp_path))  # type: ignore[arg-type]
    plan = data.plan(data.source().list_keys())
    assert plan.splits == {key: "train" if "599" in key.rsplit("/")[-1] else "val" for key in data.source().list_keys()}
    assert plan.skipped == {}
    assert sizes(data) == (5, 2)


def test_ffhq_prefers_the_full_images_and_lists_strangers(tmp_path: Path, toy_pack: ToyPack) -> None:
    root = tmp_path / "ffhq"
    write_images(root / "thumbnails128x128" / "00000", 2)
    write_images(root / "images1024x1024" / "00000", 3)
    (root / "images1024x1024" / "my cat.png").write_bytes(png(9))
    data = FFHQDataModule(root, toy_pack, ToyCropper(), **options(tmp_path))  # type: ignore[arg-type]
    plan = data.plan(data.source().list_keys())
    assert list(plan.splits) == [f"00000/0000{i}.png" for i in range(3)]
    assert "five-digit" in plan.skipped["my cat.png"]


@pytest.mark.parametrize("kind", [FFHQDataModule, CelebAHQDataModule])
def test_other_folders_are_refused(tmp_path: Path, toy_pack: ToyPack, kind: Any) -> None:
    write_images(tmp_path / "holiday", 2, pattern="beach_{}_a.png")
    with pytest.raises(DataError, match="use data=images"):
        kind(str(tmp_path / "holiday"), toy_pack, ToyCropper(), **options(tmp_path)).prepare_data()
    with pytest.raises(DataError, match="does not exist"):
        kind(str(tmp_path / "none"), toy_pack, ToyCropper(), **options(tmp_path)).prepare_data()


@pytest.mark.parametrize("layout", ["CelebA-HQ-img", "CelebAMask-HQ/CelebA-HQ-img", "."])
def test_celeba_hq_27k_3k(tmp_path: Path, toy_pack: ToyPack, layout: str) -> None:
    root = tmp_path / "root"
    write_images(root / layout, 5, first=26_997, pattern="{}.jpg")
    data = CelebAHQDataModule(str(root), toy_pack, ToyCropper(), **options(tmp_path))  # type: ignore[arg-type]
    assert sizes(data) == (3, 2)


def test_celeba_hq_with_celebas_partition(tmp_path: Path, toy_pack: ToyPack) -> None:
    root = write_images(tmp_path / "root" / "CelebA-HQ-img", 6, pattern="{}.jpg").parent
    arguments = {"split": "celeba", **options(tmp_path)}
    data = CelebAHQDataModule(str(root), toy_pack, ToyCropper(), **arguments)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"mapping\.txt is missing"):
        data.prepare_data()
    rows = [f"{i:>6} {100 + i:>8} {100 + i:06d}.jpg" for i in range(5)]
    (root / "CelebA-HQ-to-CelebA-mapping.txt").write_text("idx    orig_idx    orig_file\n" + "\n".join(rows))
    with pytest.raises(DataError, match=r"list_eval_partition\.txt is missing"):
        data.prepare_data()
    parts = ["000100.jpg 0", "000101.jpg 0", "000102.jpg 1", "000103.jpg 2", "000104.jpg 0", "000999.jpg 1"]
    (root / "list_eval_partition.txt").write_text("\n".join(parts))
    plan = data.plan(data.source().list_keys())
    assert plan.splits == {"0.jpg": "train", "1.jpg": "train", "2.jpg": "val", "4.jpg": "train"}
    assert list(plan.skipped) == ["5.jpg"]
    assert sizes(data) == (3, 1)
    with pytest.raises(DataError, match=r"data\.split=thirds is unknown"):
        CelebAHQDataModule(str(root), toy_pack, ToyCropper(), split="thirds")  # type: ignore[arg-type]
