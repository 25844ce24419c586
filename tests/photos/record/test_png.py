"""If this fails, a picture loses the record inside it, or a crafted picture crashes the program."""

import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riddle_pl.errors import RecordError
from riddle_pl.photos.jobs.outputs import save_picture
from riddle_pl.photos.record import png as png_record
from riddle_pl.photos.record.png import CHUNK, SIGNATURE, holds_record, is_png
from riddle_pl.photos.record.record import Record
from tests.photos.fakes import fake_photo
from tests.photos.record.test_record import make_record


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", zlib.crc32(kind + content))


END = chunk(b"IEND")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no PNG"),
        (b"GIF89a", "no PNG"),
        (SIGNATURE, "cut short"),
        (SIGNATURE + END, "holds no record"),
        (SIGNATURE + struct.pack(">I4s", 0xFFFFFFFF, CHUNK) + END, "cut short"),
        (SIGNATURE + chunk(CHUNK, b"x") + chunk(CHUNK, b"x") + END, "several records"),
        (SIGNATURE + chunk(CHUNK, b"x")[:-1] + b"?" + END, "checksum"),
        (SIGNATURE + chunk(CHUNK, b"") + END, "too short"),
        (SIGNATURE + chunk(CHUNK, b"x" * 50) + END, "no .riddle record"),
        (SIGNATURE + chunk(CHUNK, b"x" * 50), "cut short"),
        ((SIGNATURE + chunk(CHUNK, b"x") + END)[:-1], "cut short"),
    ],
)
def test_crafted_pictures(tmp_path, content, message):
    path = tmp_path / "crafted.png"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=message) as error:
        Record.load_embedded(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_missing(tmp_path):
    with pytest.raises(RecordError, match="does not exist"):
        Record.load_embedded(tmp_path / "absent.png")
    assert not holds_record(tmp_path / "absent.png")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "a.png"
    save_picture(fake_photo()[:8, :8], path, record=make_record(1, 4))
    return path


def test_a_picture_is_known_by_its_first_bytes_and_by_its_chunk(stored, tmp_path):
    assert is_png(stored)
    assert holds_record(stored)
    save_picture(fake_photo()[:8, :8], tmp_path / "plain.png")
    assert is_png(tmp_path / "plain.png")
    assert not holds_record(tmp_path / "plain.png")
    (tmp_path / "notes.png").write_text("no picture")
    for path in (tmp_path / "notes.png", tmp_path / "absent.png", tmp_path):
        assert not is_png(path)
        assert not holds_record(path)


@pytest.mark.parametrize("fault", [OSError("gone"), MemoryError()])
def test_a_picture_that_cannot_be_read_is_named(stored, monkeypatch, fault):
    def fails(*_args):
        raise fault

    monkeypatch.setattr("pathlib.Path.open", fails)
    with pytest.raises(RecordError, match=r"record in .*a\.png cannot be read"):
        Record.load_embedded(stored)


def test_how_large_a_record_and_how_many_chunks_are_read(tmp_path, monkeypatch):
    path = tmp_path / "crafted.png"
    monkeypatch.setattr(png_record, "MAX_FILE_BYTES", 50)
    monkeypatch.setattr(png_record, "MAX_CHUNKS", 3)
    for size, more, message in ((50, 1, "no .riddle record"), (51, 1, "larger than 0 MiB"), (50, 2, "cut short")):
        path.write_bytes(SIGNATURE + chunk(b"tEXt") * more + chunk(CHUNK, b"x" * size) + END)
        with pytest.raises(RecordError, match=message):
            Record.load_embedded(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_noticed(stored, data):
    content = bytearray(stored.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[place:]
    path = stored.with_name("damaged.png")
    path.write_bytes(content)
    try:
        loaded = Record.load_embedded(path)
    except RecordError as error:
        assert "\n" not in str(error)  # noqa: PT017  # the very same record is the other good outcome
        return
    assert loaded.to_bytes() == make_record(1, 4).to_bytes()
