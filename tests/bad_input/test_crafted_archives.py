"""If this fails, an archive of faces from a stranger starts a program, or takes all memory."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from riddle_pl.data.face_set import open_rgb, read_faces
from riddle_pl.data.sources import TarSource
from riddle_pl.errors import DataError, PhotoError
from riddle_pl.faces.load import decode_image
from riddle_pl.pretraining.label_maps import _classes
from tests.bad_input.broken_images import png_chunk
from tests.bad_input.crafted import POSTSCRIPT, Marks, fake_ghostscript, one_line


def archive(path: Path, member: tarfile.TarInfo, content: bytes) -> Path:
    with tarfile.open(path, "w") as tar:
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return path


READERS: dict[str, Callable[[bytes], object]] = {
    "recipe": lambda content: open_rgb(content, "a.jpg in faces.tar"),
    "label map": lambda content: _classes(content, "a.jpg"),
    "photo": lambda content: decode_image(content, "a.jpg"),
}


@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_picture_that_starts_a_program_is_refused(
    reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = Marks(tmp_path)
    fake_ghostscript(marks, monkeypatch)
    with pytest.raises((DataError, PhotoError), match=r"a\.jpg") as error:
        READERS[reader](POSTSCRIPT)
    one_line(error.value)
    assert marks.nothing_ran


def test_pillow_alone_would_start_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test above does not pass for a wrong reason."""
    marks = Marks(tmp_path)
    fake_ghostscript(marks, monkeypatch)
    with pytest.raises(OSError):  # noqa: PT011  # the program draws nothing
        Image.open(io.BytesIO(POSTSCRIPT)).load()
    assert not marks.nothing_ran


@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_picture_of_terabytes_is_one_line(reader: str) -> None:
    header = png_chunk(b"IHDR", (1 << 20).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0]))
    content = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")
    with pytest.raises((DataError, PhotoError), match=r"a\.jpg") as error:
        READERS[reader](content)
    one_line(error.value)


def test_a_member_that_claims_terabytes_is_not_read(tmp_path: Path) -> None:
    """A sparse member's size is what it says, not what is in the archive."""
    member = tarfile.TarInfo("a.jpg")
    member.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,10"}
    member.pax_headers["GNU.sparse.size"] = str(1 << 44)
    with tarfile.open(tmp_path / "faces.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        member.size = 10
        tar.addfile(member, io.BytesIO(bytes(10)))
    with tarfile.open(tmp_path / "faces.tar") as tar:
        assert tar.getmember("a.jpg").size == 1 << 44
    assert TarSource(tmp_path / "faces.tar").list_keys() == []
    with pytest.raises(DataError, match="no face in"):
        read_faces(tmp_path, ["faces"], 16, 0.0)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_no_pictures(kind: bytes, tmp_path: Path) -> None:
    member = tarfile.TarInfo("a.jpg")
    member.type, member.linkname = kind, "/etc/passwd"
    archive(tmp_path / "faces.tar", member, b"")
    assert TarSource(tmp_path / "faces.tar").list_keys() == []
    with pytest.raises(DataError, match="no face in"):
        read_faces(tmp_path, ["faces"], 16, 0.0)


def test_names_that_lead_out_are_names_alone(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (16, 16)).save(content, "PNG")
    archive(tmp_path / "faces.tar", tarfile.TarInfo("../../a.png"), content.getvalue())
    source = TarSource(tmp_path / "faces.tar")
    assert [len(source.read(key)) for key in source.list_keys()] == [len(content.getvalue())]
    assert len(read_faces(tmp_path, ["faces"], 16, 0.0).names) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces.tar"]
