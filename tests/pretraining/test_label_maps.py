"""A failure here: the parser would learn from labels beside the face, or be tested on people it has seen."""

from pathlib import Path

import numpy as np
import pytest
import torch

from riddle_pl.errors import DataError, PhotoError
from riddle_pl.faces.detect import FaceDetector
from riddle_pl.pretraining.label_maps import COLOURS, IGNORED, LABELS, MARGIN, read_labelled_faces
from tests.photos.fakes import fake_photo
from tests.pretraining.archives import drawn_map, encoded, labelled_archive, write_tar

SKIN, NOSE = COLOURS[1], COLOURS[2]


def photo(seed: int) -> bytes:
    return encoded(fake_photo(seed), "JPEG")


def drawn(seed: int = 0) -> bytes:
    return encoded(drawn_map(fake_photo(seed)))


def test_photo_and_label_map_are_aligned_alike(tmp_path: Path) -> None:
    """The label map doubles as the photo, so every pixel's colour tells its label."""
    colours = drawn_map(fake_photo())
    write_tar(tmp_path / "a.tar", {"x.jpg": encoded(colours), "x.png": encoded(colours)})
    faces = read_labelled_faces(tmp_path, "a", 32, 0.0)
    side = round(32 * MARGIN * 2)
    assert faces.images.shape == (1, 3, side, side)
    palette = torch.tensor(list(COLOURS.values())).float()
    nearest = (faces.images[0].permute(1, 2, 0).float()[:, :, None] - palette).square().sum(-1).argmin(-1)
    inside = faces.labels[0] != IGNORED
    agree = torch.tensor(LABELS)[nearest] == faces.labels[0]
    assert inside.any()
    assert agree[inside].float().mean() > 0.97


def test_soft_edges_take_the_nearest_colour(tmp_path: Path) -> None:
    pixels = np.zeros((80, 96, 3), np.uint8)
    pixels[:, :48] = np.array(SKIN) * 0.8 + np.array(NOSE) * 0.2
    pixels[:, 48:] = np.array(NOSE) * 0.8 + np.array(SKIN) * 0.2
    write_tar(tmp_path / "a.tar", {"x.jpg": photo(0), "x.png": encoded(pixels)})
    labels = read_labelled_faces(tmp_path, "a", 32, 0.0).labels[0]
    assert set(labels[labels != IGNORED].tolist()) == {1, 2}


def test_what_lies_outside_the_photo_has_no_label(tmp_path: Path) -> None:
    wide = np.full((40, 96, 3), 90, np.uint8)  # lower than the aligned square
    everywhere_skin = np.broadcast_to(np.array(SKIN, np.uint8), wide.shape)
    write_tar(tmp_path / "a.tar", {"x.jpg": encoded(wide, "JPEG"), "x.png": encoded(everywhere_skin)})
    labels = read_labelled_faces(tmp_path, "a", 32, 0.0).labels[0]
    assert (labels[0] == 1).all()
    assert (labels[-1] == IGNORED).all()


def test_people_known_by_name_are_not_split(tmp_path: Path) -> None:
    names = [f"v3_{turn}_personne{person:02d}14{turn}" for person in range(1, 9) for turn in range(2)]
    members = {}
    for index, name in enumerate(names):
        members |= {f"{name}.jpg": photo(index), f"{name}.png": drawn()}
    write_tar(tmp_path / "a.tar", members)
    people = [
        {name.partition("personne")[2][:2] for name in read_labelled_faces(tmp_path, "a", 8, 0.15, part).names}
        for part in ("train", "held_out")
    ]
    assert people[1] == {"03", "07", "08"}
    assert people[0] == {"01", "02", "04", "05", "06"}


def test_duplicates_are_dropped_and_faceless_photos_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = {"a.jpg": photo(1), "a.png": drawn(), "b.jpg": photo(1), "b.png": drawn()}
    write_tar(tmp_path / "a.tar", {**pair, "c.jpg": photo(2), "c.png": drawn()})
    faces = read_labelled_faces(tmp_path, "a", 8, 0.0)
    assert faces.names == ["a/a.jpg", "a/c.jpg"]
    assert faces.faceless == 0
    found = FaceDetector.detect
    answers = iter([[], found(FaceDetector(), None)])  # type: ignore[arg-type]  # the conftest's detector
    monkeypatch.setattr(FaceDetector, "detect", lambda _self, _image: next(answers))
    faces = read_labelled_faces(tmp_path, "a", 8, 0.0)
    assert faces.names == ["a/c.jpg"]
    assert faces.faceless == 1
    monkeypatch.setattr(FaceDetector, "detect", lambda _self, _image: [])
    with pytest.raises(DataError, match=r"no labelled face in .*a\.tar .*2 without a face"):
        read_labelled_faces(tmp_path, "a", 8, 0.0)


@pytest.mark.parametrize(
    ("members", "line"),
    [
        ({"x.jpg": photo(0)}, r"x\.jpg has no label map of the same name"),
        ({"x.jpg": photo(0), "x.png": b"no image"}, r"the label map of x\.jpg in .* is not an intact image"),
        (
            {"x.jpg": photo(0), "x.png": encoded(np.zeros((9, 9, 3), np.uint8))},
            r"label map of x\.jpg is of another size",
        ),
        ({"x.jpg": b"no image", "x.png": drawn()}, r"x\.jpg in .*a\.tar is not an image"),
        ({}, "no labelled face"),
    ],
)
def test_bad_content_is_one_line(tmp_path: Path, members: dict[str, bytes], line: str) -> None:
    write_tar(tmp_path / "a.tar", members)
    with pytest.raises((DataError, PhotoError), match=line) as error:
        read_labelled_faces(tmp_path, "a", 8, 0.0)
    assert "\n" not in str(error.value)


def test_bad_arguments(tmp_path: Path) -> None:
    labelled_archive(tmp_path, 1)
    with pytest.raises(DataError, match="part=validation is unknown"):
        read_labelled_faces(tmp_path, "fasseg", 8, part="validation")
    with pytest.raises(DataError, match=r"nothing\.tar does not exist"):
        read_labelled_faces(tmp_path, "nothing", 8)
