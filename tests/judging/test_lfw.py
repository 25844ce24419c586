"""If this fails, the evaluation runs on other people or pairs than it says."""

import shutil
import tarfile

import pytest

from riddle_pl.errors import DataError
from riddle_pl.judging.lfw import LFW
from tests.evaluation.fakes import write_lfw


@pytest.fixture
def root(tmp_path):
    return write_lfw(tmp_path)


def open_lfw(root, faces="faces", **kwargs):
    return LFW(str(root), faces, "pairs.txt", **{"count": 4, **kwargs})


def test_one_photo_each_of_the_same_people_for_the_same_seed(root):
    keys = [key for key, _ in open_lfw(root).held_out(0, 8)]
    assert len(keys) == 4
    assert len({key.split("/")[0] for key in keys}) == 4
    assert all(key.endswith("_0001.png") for key in keys)
    assert [key for key, _ in open_lfw(root).held_out(0, 8)] == keys
    assert [key for key, _ in open_lfw(root).held_out(1, 8)] != keys


def test_fewer_people_are_the_first_of_more(root):
    few, many = ([key for key, _ in open_lfw(root, count=count).held_out(0, 8)] for count in (2, 5))
    assert many[:2] == few


def test_an_archive_holds_the_same_people_as_its_folder(root):
    with tarfile.open(root / "faces.tar", "w") as tar:
        tar.add(root / "faces", "lfw")
    names = [[key.rpartition("/")[2] for key, _ in open_lfw(root, f).held_out(0, 8)] for f in ("faces", "faces.tar")]
    assert names[0] == names[1]
    assert len(open_lfw(root, "faces.tar").pairs()) == 12


def test_an_unusable_photo_is_listed_and_the_next_person_taken(root):
    first = next(open_lfw(root).held_out(0, 8))[0]
    (root / "faces" / first).write_bytes(b"")
    lfw = open_lfw(root)
    keys = [key for key, _ in lfw.held_out(0, 8)]
    assert len(keys) == 4
    assert first not in keys
    assert "empty" in lfw.skipped[first]


def test_pairs_are_of_one_person_or_of_two(root):
    pairs = open_lfw(root).pairs()
    assert [pair.same for pair in pairs] == [True] * 6 + [False] * 6
    assert pairs[0].keys == ("Person_0/Person_0_0001.png", "Person_0/Person_0_0002.png")
    assert pairs[-1].keys == ("Person_5/Person_5_0001.png", "Person_0/Person_0_0002.png")


def test_pairs_without_their_photos_are_counted(root):
    shutil.rmtree(root / "faces" / "Person_3")
    lfw = open_lfw(root)
    assert (len(lfw.pairs()), lfw.pairs_listed) == (9, 12)


def remove(name):
    return lambda root: (root / name).unlink()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda root: shutil.rmtree(root / "faces"), "faces does not exist"),
        (remove("pairs.txt"), "pairs.txt does not exist"),
        (
            lambda root: (root / "pairs.txt").write_text("1\t2\nPerson_0\tone\ttwo\n"),
            r"pairs.txt, line 2: .*is no pair",
        ),
        (lambda root: (root / "pairs.txt").write_bytes(b"\xff\xfe\xff"), "cannot be read"),
        (lambda root: (root / "pairs.txt").write_text("Nobody 1 Nobody_Else 1\n"), "no pair of different people"),
        (lambda root: [shutil.rmtree(root / "faces" / f"Person_{i}") for i in range(3)], "has 3 people; data.count=4"),
        (lambda root: [f.rename(f.with_name(f"{i}.png")) for i, f in enumerate(root.glob("*/*/*"))], "named as LFW's"),
    ],
)
def test_what_is_missing_is_said_in_one_line(root, spoil, expected):
    spoil(root)
    with pytest.raises(DataError, match=expected) as error:
        open_lfw(root).check()
    assert "\n" not in str(error.value)


def test_a_count_of_none_is_refused(root):
    with pytest.raises(DataError, match=r"data\.count=0"):
        open_lfw(root, count=0)


def test_the_real_archive_has_the_people_it_needs(shared):
    lfw = LFW(str(shared / "data"))
    lfw.check()
    assert lfw.pairs_listed == 6000
    assert len(lfw.pairs()) > 5900
    assert next(lfw.held_out(0, 64))[1].shape == (1, 3, 64, 64)


def test_without_pairs_only_people_are_needed(root):
    lfw = LFW(str(root), "faces", None, count=4)
    lfw.check()
    assert not lfw.has_pairs
    with pytest.raises(DataError, match=r"data\.pairs is null"):
        lfw.pairs()
