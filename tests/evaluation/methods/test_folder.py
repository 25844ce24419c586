"""If this fails, another method is scored on the wrong images, or in silence on fewer."""

import numpy as np
import pytest
import torch
from PIL import Image

from riddle_pl.errors import ConfigError, DataError
from riddle_pl.evaluation.methods.folder import FolderMethod


def write(path, value, side=16):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((side, side, 3), value, np.uint8)).save(path)


@pytest.fixture
def root(tmp_path):
    for number, name in enumerate(("a", "b")):
        write(tmp_path / "anonymised" / f"{name}.png", 10 + number)
        write(tmp_path / "recovered" / f"{name}.png", 20 + number)
        write(tmp_path / "wrong" / f"{name}.png", 30 + number)
    return tmp_path


def value(images, kind, row=0):
    return round(float((images[kind][row].mean() + 1) * 127.5))


def test_images_are_matched_by_name_whatever_the_suffix(root):
    method = FolderMethod(str(root), size=16)
    method.check()
    x = torch.zeros(2, 3, 16, 16)
    assert [method.lacks(name) for name in ("b.jpg", "sub/a.jpg")] == [None, None]
    images = method.images(["b.jpg", "sub/a.jpg"], x)
    assert sorted(images) == ["encrypted", "photo", "recovered", "wrong"]
    assert [value(images, kind) for kind in ("encrypted", "recovered", "wrong")] == [11, 21, 31]
    assert [value(images, kind, 1) for kind in ("encrypted", "recovered", "wrong")] == [10, 20, 30]


def test_the_whole_path_counts_before_the_name(root):
    write(root / "anonymised" / "p" / "a.png", 50)
    write(root / "anonymised" / "q" / "a.png", 60)
    method = FolderMethod(str(root), recovered="none", wrong="none", size=16)
    assert method.lacks("q/a.jpg") is None
    assert value(method.images(["q/a.jpg"], torch.zeros(1, 3, 16, 16)), "encrypted") == 60
    assert "no image of that name" in method.lacks("r/a.jpg")  # two could be meant


def test_what_cannot_be_matched_is_said_on_both_sides(root):
    write(root / "anonymised" / "c.png", 12)
    method = FolderMethod(str(root), size=16)
    assert method.lacks("c.png") == "recovered has no image of that name"
    assert method.lacks("d.png") == "anonymised has no image of that name"
    left = method.unmatched(["a.png", "d.png"])
    assert sorted(left) == ["anonymised/b.png", "anonymised/c.png", "recovered/b.png", "wrong/b.png"]


def test_one_output_is_not_given_to_two_photos(root):
    method = FolderMethod(str(root), size=16)
    assert method.lacks("x/a.png") is None
    assert method.lacks("y/a.png") == "anonymised has one image for this photo and x/a.png"


def test_a_method_that_does_not_recover(root):
    method = FolderMethod(str(root), recovered="none", wrong="none", size=16)
    assert sorted(method.images(["a.png"], torch.zeros(1, 3, 16, 16))) == ["encrypted", "photo"]
    assert method.facts["method"].endswith("anonymised (2 images), no none, no none; brought to 16 px")


def test_images_are_brought_to_the_stated_size(root):
    write(root / "anonymised" / "a.png", 10, side=40)
    assert FolderMethod(str(root), size=24).images(["a"], torch.zeros(1, 3, 24, 24))["encrypted"].shape[-1] == 24


def test_a_damaged_or_oblong_image_is_a_reason(root):
    (root / "recovered" / "a.png").write_bytes(b"no image")
    Image.new("RGB", (10, 20)).save(root / "wrong" / "b.png")
    method = FolderMethod(str(root), size=16)
    assert "recovered: photo a.png" in method.lacks("a.png")
    assert "square" in method.lacks("b.png")
    with pytest.raises(DataError, match=r"a\.png cannot be judged"):
        method.images(["a.png"], torch.zeros(1, 3, 16, 16))


def test_many_passwords_come_from_a_folder_per_face(root):
    for number in range(3):
        write(root / "many" / "a" / f"{number}.png", 40 + number)
    method = FolderMethod(str(root), size=16)
    many = method.encryptions("x/a.jpg", torch.zeros(1, 3, 16, 16), 2)
    assert [value(many, "encrypted", row) for row in range(2)] == [40, 41]
    assert method.encryptions("b.jpg", torch.zeros(1, 3, 16, 16), 2) == {}


def test_a_missing_or_empty_folder_is_said(root, tmp_path):
    with pytest.raises(DataError, match=r"elsewhere does not exist; check method\.root and method\.anonymised"):
        FolderMethod(str(root), anonymised="elsewhere").check()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty holds no image; check method\.recovered"):
        FolderMethod(str(root), recovered="empty").check()
    with pytest.raises(ConfigError, match=r"method\.size=8"):
        FolderMethod(str(root), size=8)
