"""If this fails, faces are cropped differently from the networks' training data, or pasted back in the wrong place."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from riddle_pl.errors import NoFaceError, PhotoError
from riddle_pl.faces.align import align_face, crop_to_photo, ffhq_quad, photo_to_crop, quad_side, transform_points
from riddle_pl.faces.crop import FaceCropper
from riddle_pl.faces.detect import FaceDetector
from riddle_pl.faces.load import decode_image, load_image

UPRIGHT = np.array([[40.0, 50.0], [60.0, 50.0], [50.0, 60.0], [42.0, 70.0], [58.0, 70.0]])


def rotated(points: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points - 50) @ turn.T + 50


def smooth_photo(height: int = 120, width: int = 140) -> np.ndarray:
    y, x = np.mgrid[:height, :width] / 20.0
    waves = np.stack([np.sin(x), np.cos(y + x / 2), np.sin(y) * np.cos(x)], axis=-1)
    return ((waves + 1) * 127.5).round().astype(np.uint8)


def test_quad_of_an_upright_face() -> None:
    quad = ffhq_quad(UPRIGHT)
    assert quad_side(quad) == pytest.approx(80)  # 4 x the eye distance of 20, more than 3.6 x 20
    assert quad.mean(axis=0) == pytest.approx([50, 52])  # a tenth of the way from the eyes to the mouth
    assert quad[0] == pytest.approx([10, 12])  # top left, bottom left, bottom right, top right
    assert quad[1] == pytest.approx([10, 92])
    assert quad[2] == pytest.approx([90, 92])


def test_long_faces_are_sized_by_the_eye_to_mouth_distance() -> None:
    long = UPRIGHT + np.array([[0, 0], [0, 0], [0, 10], [0, 20], [0, 20]])
    assert quad_side(ffhq_quad(long)) == pytest.approx(3.6 * 40)


@pytest.mark.parametrize("degrees", [-80, 30, 180])
def test_quad_turns_with_the_face(degrees: float) -> None:
    assert ffhq_quad(rotated(UPRIGHT, degrees)) == pytest.approx(rotated(ffhq_quad(UPRIGHT), degrees))


@pytest.mark.parametrize("points", [np.full((5, 2), 3.0), np.full((5, 2), np.nan)])
def test_impossible_points(points: np.ndarray) -> None:
    with pytest.raises(PhotoError):
        ffhq_quad(points)


def test_maps_are_inverse_and_put_landmarks_where_ffhq_has_them() -> None:
    points = rotated(UPRIGHT, 25) * 3.7
    quad = ffhq_quad(points)
    inside = transform_points(photo_to_crop(quad, 64), points)
    assert transform_points(crop_to_photo(quad, 64), inside) == pytest.approx(points)
    assert inside[0] / 64 == pytest.approx([0.375, 0.475])
    assert inside[1] / 64 == pytest.approx([0.625, 0.475])


def test_axis_aligned_crop_is_exact() -> None:
    photo = smooth_photo()
    quad = np.array([[20.0, 30.0], [20.0, 94.0], [84.0, 94.0], [84.0, 30.0]])
    x = align_face(photo, quad, 64)
    expected = torch.from_numpy(photo[30:94, 20:84]).permute(2, 0, 1)[None].float() / 127.5 - 1
    assert torch.allclose(x, expected, atol=1e-4)
    half = align_face(photo, quad, 32)
    assert torch.allclose(half, torch.nn.functional.avg_pool2d(expected, 2), atol=0.02)


def test_shrinking_does_not_alias() -> None:
    stripes = np.zeros((900, 900, 3), np.uint8)
    stripes[:, ::2] = 255
    quad = ffhq_quad(rotated(UPRIGHT, 10) * 8)
    assert align_face(stripes, quad, 32).abs().max() < 0.1  # fine black and white stripes are grey from afar


def test_beyond_the_border_the_photo_is_mirrored() -> None:
    photo = smooth_photo(64, 64)
    quad = np.array([[-32.0, 0.0], [-32.0, 64.0], [32.0, 64.0], [32.0, 0.0]])
    x = align_face(photo, quad, 64)
    assert torch.allclose(x[..., :32], x[..., 32:].flip(-1), atol=1e-4)


@pytest.mark.parametrize(
    ("shift", "scale"),
    [(np.array([1000.0, 0.0]), 1.0), (np.array([-500.0, 0.0]), 1.0), (np.zeros(2), 1e4), (np.zeros(2), 1e-4)],
)
def test_quads_outside_or_of_impossible_size(shift: np.ndarray, scale: float) -> None:
    quad = ffhq_quad(UPRIGHT) * scale + shift
    with pytest.raises(PhotoError, match="quad"):
        align_face(smooth_photo(), quad, 32)


def test_a_quad_that_reaches_far_beyond_the_photo_takes_no_memory_for_it() -> None:
    quad = np.array([[-400.0, -400.0], [-400.0, 600.0], [600.0, 600.0], [600.0, -400.0]])
    x = align_face(smooth_photo(64, 64), quad, 8)  # mirrored more than once
    assert torch.isfinite(x).all()


def test_large_faces_are_averaged_not_sampled() -> None:
    photo = smooth_photo(600, 600)
    quad = np.array([[40.0, 40.0], [40.0, 552.0], [552.0, 552.0], [552.0, 40.0]])
    whole = torch.from_numpy(photo[40:552, 40:552]).permute(2, 0, 1)[None].float() / 127.5 - 1
    mean = torch.nn.functional.avg_pool2d(whole, 16)
    assert torch.allclose(align_face(photo, quad, 32), mean, atol=0.03)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_cropper_takes_aligned_pictures_as_they_are() -> None:
    photo = smooth_photo(64, 64)
    cropper = FaceCropper(aligned=True)
    exact = cropper(png(photo), "a.png", 64)
    assert torch.equal(((exact[0] + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0), torch.from_numpy(photo))
    assert cropper(png(photo), "a.png", 32).shape == (1, 3, 32, 32)
    with pytest.raises(PhotoError, match="square"):
        cropper(png(smooth_photo(64, 60)), "b.png", 64)
    assert cropper.fingerprint != FaceCropper().fingerprint


def test_cropper_aligns_photos() -> None:
    from skimage import data

    cropper = FaceCropper()
    x = cropper(png(data.astronaut()), "astronaut.png", 64)
    assert x.shape == (1, 3, 64, 64)
    assert -1 <= x.min() < x.max() <= 1
    with pytest.raises(NoFaceError, match=r"empty\.png"):
        cropper(png(np.zeros((64, 64, 3), np.uint8)), "empty.png", 64)


def test_aligned_photos_agree_with_the_aligned_data(shared: Path) -> None:
    """Mean landmarks of our crops of photos lie within 2.5 % of the side of those of the data's crops."""
    detector = FaceDetector(min_face=40, max_side=640)

    def landmarks(pixels: np.ndarray) -> np.ndarray:
        large = np.asarray(Image.fromarray(pixels).resize((256, 256), Image.Resampling.BICUBIC))
        return detector.detect(large)[0].points / 256

    ours = []
    for path in sorted((shared / "data" / "photos").glob("synthetic_*.jpg")):
        photo = load_image(path)
        x = align_face(photo, ffhq_quad(detector.largest(photo).points), 128)
        ours.append(landmarks(((x[0] + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).numpy()))
    with tarfile.open(shared / "data" / "synthetic_128.tar") as archive:
        members = [member for member in archive.getmembers() if member.isfile()][::150]
        streams = [archive.extractfile(member) for member in members]
        theirs = [landmarks(decode_image(stream.read(), "x")) for stream in streams if stream is not None]
    assert np.abs(np.mean(ours, axis=0) - np.mean(theirs, axis=0)).max() < 0.025
