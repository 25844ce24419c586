"""If this fails, processes do an archive twice or not at all, or a half-written one is taken for a whole."""

import tarfile
from pathlib import Path

import pytest

from riddle_pl.archives import archives_in, new_archive, own_share
from riddle_pl.errors import ConfigError, DataError
from tests.data.test_sources import write_tar


def test_all_parts_together_are_all_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        write_tar(tmp_path / f"{number}.tar", 1)
    archives = archives_in([tmp_path, tmp_path / "3.tar"])
    assert [path.name for path in archives] == [f"{number}.tar" for number in range(7)]
    assert own_share(archives, None) == archives
    parts = [own_share(archives, f"{number}/3") for number in range(3)]
    assert sorted(path for part in parts for path in part) == archives
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert own_share(archives, None) == parts[1]


@pytest.mark.parametrize("part", ["3/3", "1", "a/2", "-1/2", "0/0", "1/²"])
def test_a_part_that_is_none_is_refused(part: str) -> None:
    with pytest.raises(ConfigError, match=r"^part is .* expected I/N"):
        own_share([], part)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    write_tar(tmp_path / "3.tar", 1)
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError, match=r"other is no \.tar archive and no folder of them"):
        archives_in([tmp_path, tmp_path / "other"])
    write_tar(tmp_path / "other" / "3.tar", 1)
    with pytest.raises(DataError, match=r"two archives are called 3\.tar"):
        archives_in([tmp_path, tmp_path / "other"])
    with pytest.raises(DataError, match=r"absent is no \.tar archive"):
        archives_in([tmp_path / "absent"])


def test_an_archive_is_written_whole_or_not_at_all_and_says_nothing_of_who_wrote_it(tmp_path: Path) -> None:
    with new_archive(tmp_path / "a.tar") as add:
        add("x/1.jpg", b"one")
        assert [path.name[0] for path in tmp_path.iterdir()] == ["."]
        with pytest.raises(DataError):
            archives_in([tmp_path])
    with tarfile.open(tmp_path / "a.tar") as tar:
        [member] = tar.getmembers()
    assert (member.name, member.size, member.mtime, member.uid, member.uname) == ("x/1.jpg", 3, 0, 0, "")
    with pytest.raises(TypeError), new_archive(tmp_path / "b.tar") as add:
        add("x", None)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]
