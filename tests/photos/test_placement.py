"""If this fails, a face is pasted into a picture that its record does not belong to, or beside where it was."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from riddle_pl.errors import PhotoError
from riddle_pl.photos.paste.greys import grey_as
from riddle_pl.photos.placement import Placement, find_place
from riddle_pl.photos.record.record import Record, RecordedFace
from riddle_pl.photos.record.sealing import Patch
from riddle_pl.photos.surroundings import describe, distinctive_points, open_cells, recorded_points

PICTURE = data.astronaut()[:480, :440].copy()
QUAD = np.array([[150.0, 20.0], [150.0, 180.0], [310.0, 180.0], [310.0, 20.0]])
"""Around the astronaut's face."""
PLAIN = np.full((200, 300, 3), 180, np.uint8)
PLAIN[:, :40] = 60
PLAIN[:30, 200:] = 230


def record_of(picture: np.ndarray, quad: np.ndarray = QUAD) -> Record:
    height, width, _ = picture.shape
    face = RecordedFace(torch.zeros(8, 512), quad, bytes(16))
    names = ("per_layer", "pack", "0" * 64, "encryptor", "0" * 64)
    from riddle_pl.key import KdfParams

    return Record((face,), (width, height), KdfParams(salt=bytes(16)), *names, surroundings=describe(picture, [quad]))


RECORD = record_of(PICTURE)


def scaled(picture: np.ndarray, factor: float) -> np.ndarray:
    size = (round(picture.shape[1] * factor), round(picture.shape[0] * factor))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def saved(picture: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def place_of(placement: Placement, x: float, y: float) -> list[float]:
    return [float(value) for value in placement.matrix @ np.array([x, y, 1.0])]


@pytest.mark.parametrize("quality", [95, 30])
def test_a_picture_that_was_saved_anew_is_the_same(quality: int) -> None:
    assert find_place(RECORD, saved(PICTURE, quality)).unchanged
    with_another_face = PICTURE.copy()
    with_another_face[60:160, 180:280] = 90
    assert find_place(RECORD, with_another_face).unchanged


CHANGES = {
    "half": (lambda p: scaled(p, 0.5), False, (115.0, 50.0)),
    "larger": (lambda p: scaled(p, 1.7), False, (391.0, 170.0)),
    "turned": (lambda p: np.rot90(p, -1), False, (380.0, 230.0)),
    "upside down": (lambda p: np.rot90(p, 2), False, (210.0, 380.0)),
    "turned back": (lambda p: np.rot90(p), False, (100.0, 210.0)),
    "mirrored": (lambda p: p[:, ::-1], True, (230.0, 100.0)),
    "cut": (lambda p: p[10:400, 60:420], False, (170.0, 90.0)),
    "cut and mirrored": (lambda p: p[10:400, 60:420][:, ::-1], True, (170.0, 90.0)),
    "cut and turned": (lambda p: np.rot90(p[10:400, 60:420]), False, (90.0, 190.0)),
    "cut and saved anew": (lambda p: saved(p[10:400, 60:420], 50), False, (170.0, 90.0)),
    "brighter": (lambda p: np.clip(p * 1.2 + 12, 0, 255).astype(np.uint8), False, (230.0, 100.0)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_is_recognised_by_its_surroundings(change: str) -> None:
    make, mirrored, middle = CHANGES[change]
    picture = np.ascontiguousarray(make(PICTURE))
    placement = find_place(RECORD, picture)
    assert placement.mirrored == mirrored
    assert place_of(placement, 230, 100) == pytest.approx(middle, abs=1.0)
    exact = change not in ("half", "larger")
    if exact:
        linear = placement.matrix[:, :2]
        np.testing.assert_array_equal(np.abs(linear).sum(axis=0), [1.0, 1.0])


def test_a_part_at_another_size_is_placed_to_within_pixels() -> None:
    picture = scaled(PICTURE[10:400, 60:420], 0.6)
    placement = find_place(RECORD, picture)
    assert place_of(placement, 230, 100) == pytest.approx([102, 54], abs=1.5)


def test_another_picture_is_an_error_that_says_what_to_do() -> None:
    other = data.chelsea()[:300, :440]
    for picture in (np.ascontiguousarray(other[:, :440]), scaled(other, 480 / 300)[:480, :440]):
        with pytest.raises(PhotoError, match=r"--face-only") as caught:
            find_place(RECORD, np.ascontiguousarray(picture))
        assert "--image" in str(caught.value)
    same_size = np.ascontiguousarray(scaled(other, 1.6)[:480, :440])
    assert same_size.shape == PICTURE.shape
    with pytest.raises(PhotoError, match=r"another picture.*--force"):
        find_place(RECORD, same_size)
    assert find_place(RECORD, same_size, force=True).unchanged


def test_a_plain_picture_is_placed_by_its_greys_or_not_at_all() -> None:
    quad = np.array([[120.0, 60.0], [120.0, 160.0], [220.0, 160.0], [220.0, 60.0]])
    record = record_of(PLAIN, quad)
    assert find_place(record, PLAIN).unchanged
    turned = find_place(record, np.ascontiguousarray(np.rot90(scaled(PLAIN, 0.5), 2)))
    assert place_of(turned, 300, 200) == pytest.approx([0, 0])
    blank = np.full((200, 300, 3), 180, np.uint8)
    plain = record_of(blank, quad)
    with pytest.raises(PhotoError, match="do not tell how it was changed"):
        find_place(plain, scaled(blank, 0.5))


@pytest.mark.parametrize("shape", [(1, 12300), (12300, 1), (40, 2000)])
def test_a_thin_picture_has_no_points(shape: tuple[int, int]) -> None:
    assert len(describe(np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8), []).points) == 0


def test_records_of_earlier_versions_go_by_the_size() -> None:
    old = replace(RECORD, surroundings=None, version=2)
    assert find_place(old, np.zeros_like(PICTURE)).unchanged
    with pytest.raises(PhotoError, match="belongs to one of 440 x 480"):
        find_place(old, scaled(PICTURE, 0.5))


def test_nothing_in_the_surroundings_is_of_a_face() -> None:
    """Neither of the face that was there nor of the one that a password made."""
    other = PICTURE.copy()
    y, x = np.mgrid[0:480, 0:440]
    face = ((x - 230) / 76) ** 2 + ((y - 104) / 79) ** 2 < 1
    other[face] = np.random.default_rng(0).integers(0, 256, (int(face.sum()), 3), dtype=np.uint8)
    first, second = describe(PICTURE, [QUAD]), describe(other, [QUAD])
    np.testing.assert_array_equal(first.grid, second.grid)
    assert not first.grid[~open_cells(440, 480, [QUAD])].any()
    for surroundings in (first, second):
        places, _ = recorded_points(surroundings, (440, 480))
        assert len(places) >= 50
        assert (((places - (230, 104)) / (76, 79)) ** 2).sum(axis=1).min() > 1
    stays = {row.tobytes() for row in first.points} & {row.tobytes() for row in second.points}
    assert len(stays) >= 0.5 * len(first.points)  # noise is distinctive, too, and takes some of the places


def test_points_survive_the_record() -> None:
    places, bits = recorded_points(RECORD.surroundings, RECORD.image_size)
    found, descriptors = distinctive_points(PICTURE, 300)
    assert len(places) == 100
    for place, bit in zip(places[:20], bits[:20], strict=True):
        nearest = np.linalg.norm(found - place, axis=1).argmin()
        assert np.linalg.norm(found[nearest] - place) < 0.02
        assert (descriptors == bit).all(axis=1).any()
    again = Record.from_bytes(RECORD.to_bytes(), "again")
    np.testing.assert_array_equal(again.surroundings.points, RECORD.surroundings.points)
    assert again.version == 3
    assert len(RECORD.to_bytes()) - len(replace(RECORD, surroundings=None, version=2).to_bytes()) < 4400


def test_original_pixels_go_where_the_picture_went() -> None:
    patch = np.zeros((40, 30, 4), np.uint8)
    patch[5:35, 5:25] = (200, 40, 90, 255)
    for name in ("turned", "cut", "upside down"):
        make, _, _ = CHANGES[name]
        whole = PICTURE.copy()
        whole[105:135, 205:225] = (200, 40, 90)
        placement = find_place(RECORD, np.ascontiguousarray(make(PICTURE)))
        pasted = placement.paste(Patch(patch, 200, 100), np.ascontiguousarray(make(PICTURE)))
        np.testing.assert_array_equal(pasted, make(whole))
    half = find_place(RECORD, scaled(PICTURE, 0.5)).paste(Patch(patch, 200, 100), scaled(PICTURE, 0.5))
    np.testing.assert_array_equal(half[55:65, 105:110], np.full((10, 5, 3), (200, 40, 90)))


def test_black_and_white_stays_so() -> None:
    grey = np.repeat(PICTURE[..., :1], 3, axis=-1)
    changed = grey.copy()
    changed[50:80, 50:80] = (200, 150, 120)
    result = grey_as(grey, changed)
    assert (result[50:80, 50:80] == [162, 162, 162]).all()
    np.testing.assert_array_equal(result[100:], grey[100:])
    coloured = PICTURE.copy()
    coloured[50:80, 50:80] = (200, 150, 120)
    np.testing.assert_array_equal(grey_as(PICTURE, coloured), coloured)
