"""A failure here: held-out faces would leak into training, or a damaged archive would be a traceback."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from riddle_pl.data.face_set import FaceSet, read_faces, to_float
from riddle_pl.errors import DataError
from tests.pretraining.archives import encoded, face, face_archive, write_tar


def test_train_and_held_out_are_a_partition(tmp_path: Path) -> None:
    face_archive(tmp_path, count=40)
    parts = [set(read_faces(tmp_path, ["faces"], 8, 0.3, part).names) for part in ("train", "held_out")]
    assert not parts[0] & parts[1]
    assert len(parts[0] | parts[1]) == 40
    assert 4 <= len(parts[1]) <= 20


def test_the_split_depends_on_the_content_alone(tmp_path: Path) -> None:
    face_archive(tmp_path, count=30)
    renamed = {f"{30 - index}.png": encoded(face(index)) for index in range(30)}
    write_tar(tmp_path / "renamed.tar", renamed)
    one, other = (read_faces(tmp_path, [name], 32, 0.4, "held_out").images for name in ("faces", "renamed"))
    assert sorted(map(bytes, one.flatten(1).numpy())) == sorted(map(bytes, other.flatten(1).numpy()))


def test_exact_duplicates_are_dropped_across_archives(tmp_path: Path) -> None:
    face_archive(tmp_path, count=5)
    write_tar(tmp_path / "more.tar", {"again.png": encoded(face(3)), "new.png": encoded(face(99)), "read.me": b"x"})
    assert read_faces(tmp_path, ["faces", "more"], 8, 0.0).names[5:] == ["more/new.png"]


def test_images_are_resized_and_kept_as_bytes(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", {"x.png": encoded(np.full((64, 64, 3), 200, np.uint8)), "y.png": encoded(face(1))})
    faces = read_faces(tmp_path, ["a"], 32, 0.0)
    assert faces.images.shape == (2, 3, 32, 32)
    assert faces.images.dtype == torch.uint8
    assert (faces.images[0] == 200).all()
    assert (faces.images[1].permute(1, 2, 0).numpy() == face(1)).all()  # of that size already: untouched


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    faces = FaceSet(torch.randint(256, (9, 3, 4, 4), dtype=torch.uint8), [str(index) for index in range(9)])
    first = faces.batch(6, seed=1, step=2)
    torch.manual_seed(77)
    assert torch.equal(first, faces.batch(6, 1, 2))
    assert not torch.equal(first, faces.batch(6, 1, 3))
    assert not torch.equal(first, faces.batch(6, 2, 2))
    everything = to_float(faces.images)
    known = torch.cat([everything, everything.flip(-1)])
    assert all((image == known).all(dim=(1, 2, 3)).any() for image in first)
    assert all((image == everything).all(dim=(1, 2, 3)).any() for image in faces.batch(6, 1, 2, flip=False))
    assert to_float(torch.tensor([0, 255], dtype=torch.uint8).reshape(1, 1, 1, 2)).flatten().tolist() == [-1.0, 1.0]


def test_a_bad_archive_is_one_line(tmp_path: Path) -> None:
    def refused(name: str, match: str, **settings: object) -> None:
        with pytest.raises(DataError, match=match) as error:
            read_faces(tmp_path, [name], 8, **settings)  # type: ignore[arg-type]
        assert "\n" not in str(error.value)

    whole = face_archive(tmp_path).read_bytes()
    (tmp_path / "empty.tar").write_bytes(b"")
    (tmp_path / "junk.tar").write_bytes(b"junk" * 500)
    with tarfile.open(tmp_path / "faces.tar") as tar:
        between = tar.getmembers()[5].offset
    for name, length in (("cut", between - 600), ("short", between)):  # within a member, between two members
        (tmp_path / f"{name}.tar").write_bytes(whole[:length])
    write_tar(tmp_path / "bad.tar", {"face.png": b"no image"})
    write_tar(tmp_path / "half.tar", {"face.png": encoded(face(0))[:300]})
    refused("missing", r"missing\.tar does not exist")
    refused("empty", r"empty\.tar cannot be read")
    refused("junk", r"junk\.tar cannot be read")
    refused("cut", r"cut\.tar cannot be read")
    refused("short", r"short\.tar cannot be read \(it ends too early\)")
    refused("bad", r"face\.png in .*bad\.tar is not an intact image")
    refused("half", r"face\.png in .*half\.tar is not an intact image")
    refused("faces", "no face in faces", held_out=1.0)
    refused("faces", "part=test is unknown; choose from held_out, train", part="test")


def test_a_sample_is_the_first_of_one_order(tmp_path: Path) -> None:
    face_archive(tmp_path)
    everything = read_faces(tmp_path, ["faces"], 16, held_out=0.2)
    order = torch.randperm(len(everything), generator=torch.Generator().manual_seed(3)).tolist()
    for count in (2, len(everything) + 5):
        some = read_faces(tmp_path, ["faces"], 16, held_out=0.2, count=count, seed=3)
        assert some.names == [everything.names[index] for index in order[:count]]
        assert torch.equal(some.images, everything.images[order[:count]])
