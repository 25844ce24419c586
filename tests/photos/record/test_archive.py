"""If this fails, an archive loses a record, or one from a stranger writes where it should not."""

import zipfile

import pytest

from riddle_pl.errors import RecordError
from riddle_pl.files import atomic_write
from riddle_pl.photos.jobs.sources import find_records
from riddle_pl.photos.record.archive import RecordArchive, archived, is_archive, is_entry_name, move_into
from tests.photos.record.test_record import make_record


@pytest.fixture
def records(tmp_path):
    """Two record files by their entry names."""
    files = {}
    for count, name in enumerate(("a.riddle", "sub folder/ü.riddle"), start=1):
        files[name] = tmp_path / f"{count}.riddle"
        make_record(count).save(files[name])
    return files


def test_records_are_moved(tmp_path, records):
    path = tmp_path / "records.zip"
    assert archived(path) == frozenset()
    first = dict([next(iter(records.items()))])
    move_into(path, first)
    assert not first["a.riddle"].exists()
    one = path.read_bytes()
    move_into(path, {})
    assert path.read_bytes() == one
    move_into(path, {name: file for name, file in records.items() if name not in first})
    archive = RecordArchive(path)
    assert archive.names == ["a.riddle", "sub folder/ü.riddle"]
    assert [len(source.load().faces) for source in find_records(path)] == [1, 2]
    assert list(tmp_path.iterdir()) == [path]
    with zipfile.ZipFile(path) as plain:
        assert {entry.date_time for entry in plain.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_kill_between_archive_and_removal_loses_nothing(tmp_path, records, monkeypatch):
    path = tmp_path / "records.zip"

    def killed(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", lambda self, missing_ok=False: missing_ok or killed())
        with pytest.raises(KeyboardInterrupt):
            move_into(path, records)
    assert all(file.exists() for file in records.values())
    content = path.read_bytes()
    move_into(path, records)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_another_record_of_one_name_is_not_overwritten(tmp_path, records):
    path = tmp_path / "records.zip"
    move_into(path, records)
    other = tmp_path / "other.riddle"
    make_record(3).save(other)
    content = path.read_bytes()
    with pytest.raises(RecordError, match=r"another record a\.riddle"):
        move_into(path, {"a.riddle": other})
    assert path.read_bytes() == content
    assert other.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../a.riddle",
        "/a.riddle",
        "a/../../b.riddle",
        "a\\..\\b.riddle",
        "C:a.riddle",
        "a.png",
        "a\n.riddle",
        "./a.riddle",
        "a//b.riddle",
        "a" * 249 + ".riddle",
        "b/" + "a" * 249 + ".riddle",
        "/".join(["a" * 200] * 6) + ".riddle",
    ],
)
def test_names_that_lead_elsewhere(tmp_path, name):
    path = tmp_path / "crafted.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("x.riddle")
        entry.filename = name
        archive.writestr(entry, b"x")
    with pytest.raises(RecordError, match=r"crafted\.zip") as error:
        RecordArchive(path)
    assert "\n" not in str(error.value)


def test_what_could_not_be_read_is_not_written(tmp_path, records):
    path = tmp_path / "records.zip"
    file = records["a.riddle"]
    for name in ("12:30.riddle", "ü" * 130 + ".riddle", "/".join("abcdefgh" * 20 for _ in range(8)) + ".riddle"):
        with pytest.raises(RecordError, match=r"records\.zip cannot hold.*rename the photo"):
            move_into(path, {name: file})
    assert file.exists()
    assert not path.exists()


def test_a_name_may_have_a_thousand_bytes_beside_its_slashes(tmp_path):
    for length in (1000, 1001):
        path = tmp_path / f"{length}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            folders = ("b" * 99 + "/") * 9
            archive.writestr(folders + "a" * (length + 9 - len(folders) - len(".riddle")) + ".riddle", b"x")
    assert len(RecordArchive(tmp_path / "1000.zip").names[0]) == 1000 + 9
    with pytest.raises(RecordError, match="no place below a folder"):
        RecordArchive(tmp_path / "1001.zip")


def test_each_part_of_a_name_may_have_255_bytes():
    assert is_entry_name("b/" + "a" * 248 + ".riddle")
    assert not is_entry_name("b/" + "a" * 249 + ".riddle")


def test_an_archive_that_is_not_there(tmp_path):
    with pytest.raises(RecordError, match=r"^archive .*absent\.zip does not exist"):
        RecordArchive(tmp_path / "absent.zip")


def test_entries_that_take_more_than_they_seem_to(tmp_path, monkeypatch):
    path = tmp_path / "crafted.zip"
    with zipfile.ZipFile(path, "w") as plain:
        plain.writestr("a.riddle", b"12345")
        plain.writestr("b.riddle", b"123")
    content = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("riddle_pl.photos.record.archive.MAX_FILE_BYTES", 5)
        assert RecordArchive(path).names == ["a.riddle", "b.riddle"]
        patch.setattr("riddle_pl.photos.record.archive.MAX_FILE_BYTES", 4)
        with pytest.raises(RecordError, match=r"entry 'a\.riddle' .* compressed, encrypted or too large"):
            RecordArchive(path)
    with monkeypatch.context() as patch:
        patch.setattr("riddle_pl.photos.record.archive.MAX_RECORDS", 2)
        RecordArchive(path)
        patch.setattr("riddle_pl.photos.record.archive.MAX_RECORDS", 1)
        with pytest.raises(RecordError, match="has 2 entries; expected at most 1"):
            RecordArchive(path)
    central = content.index(b"PK\1\2")
    encrypted = bytearray(content)
    encrypted[central + 8] |= 1  # the flags in the table of contents
    path.write_bytes(encrypted)
    with pytest.raises(RecordError, match="compressed, encrypted or too large"):
        RecordArchive(path)


def test_an_entry_whose_two_sizes_differ(tmp_path):
    path = tmp_path / "crafted.zip"
    with zipfile.ZipFile(path, "w") as plain:
        plain.writestr("a.riddle", b"12345")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 24] += 1  # the size, stored as it is, in the table of contents
    path.write_bytes(content)
    with pytest.raises(RecordError, match="compressed, encrypted or too large"):
        RecordArchive(path)


def test_the_folder_of_an_archive_is_made(tmp_path, records):
    path = tmp_path / "new" / "folder" / "records.zip"
    move_into(path, records)
    assert archived(path) == frozenset(["a.riddle", "sub folder/ü.riddle"])


FAULTS = [zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, MemoryError]
"""What zipfile raises for one crafted file or another, by the version of Python."""


@pytest.mark.parametrize("fault", FAULTS[:4])
def test_whatever_zipfile_says_of_an_archive_is_one_line(tmp_path, records, monkeypatch, fault):
    path = tmp_path / "records.zip"
    move_into(path, records)

    def fails(*_args):
        raise fault("odd\nlines")

    monkeypatch.setattr(zipfile, "ZipFile", fails)
    with pytest.raises(RecordError, match=r"records\.zip is no zip file or is damaged \(odd lines\)"):
        RecordArchive(path)


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_zipfile_says_of_an_entry_is_one_line(tmp_path, records, monkeypatch, fault):
    path = tmp_path / "records.zip"
    move_into(path, records)

    def fails(*_args):
        raise fault("odd")

    monkeypatch.setattr(zipfile.ZipFile, "read", fails)
    with pytest.raises(RecordError, match=r"record 'a\.riddle' of archive .* is damaged"):
        RecordArchive(path).read("a.riddle")


def test_what_looks_like_an_archive(tmp_path, records, monkeypatch):
    path = tmp_path / "records.zip"
    move_into(path, records)
    assert is_archive(path)
    (tmp_path / "notes.txt").write_text("none")
    assert not is_archive(tmp_path / "notes.txt")

    def fails(_path):
        raise zipfile.BadZipFile

    monkeypatch.setattr(zipfile, "is_zipfile", fails)
    assert is_archive(path)  # a damaged one is to be named as such


def test_no_name_is_no_name_of_an_entry():
    assert not is_entry_name("")
    assert is_entry_name("a/b.riddle")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name(tmp_path):
    path = tmp_path / "crafted.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.riddle", b"x")
        archive.writestr("a.riddle", b"y")
    with pytest.raises(RecordError, match="two entries of one name"):
        RecordArchive(path)


def test_bad_archives(tmp_path):
    path = tmp_path / "crafted.zip"
    for content in (b"", b"PK\3\4", b"PK\5\6" + bytes(10), b"x" * 1000):
        path.write_bytes(content)
        with pytest.raises(RecordError, match="no zip file or is damaged"):
            RecordArchive(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.riddle", bytes(1 << 20))
    with pytest.raises(RecordError, match="compressed"):
        RecordArchive(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.riddle", b"not a record, but long enough")
    with pytest.raises(RecordError, match=r"record a\.riddle of archive"):
        find_records(path)[0].load()
    with atomic_write(path) as temporary:
        temporary.write_bytes(path.read_bytes().replace(b"not a record", b"NOT A RECORD"))
    with pytest.raises(RecordError, match="damaged"):
        RecordArchive(path).read("a.riddle")
