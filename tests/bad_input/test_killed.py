"""If this fails, a job that was killed loses a photo, mixes two up, or cannot be taken up again."""

import builtins
import io
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.cli.riddle_command import Riddle, pixels
from tests.photos.fakes import fake_photo

KINDS = {"beside": (), "embed": ("--embed",), "archive": ("--archive", "records.zip")}
CALLS = ("replace", "fsync", "unlink")
"""What files go through on their way; opening one for writing is counted too."""


def die_at(moment: int) -> list[int]:
    """From now on the process counts its changes to files, and kills itself just before that one."""
    count = [0]

    def dying(real: Callable[..., Any], writes: Callable[..., bool]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if writes(*args, **options):
                if count[0] == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
                count[0] += 1
            return real(*args, **options)

        return call

    def opens_for_writing(file: Any, mode: str = "r", *_args: Any, **_options: Any) -> bool:
        return isinstance(file, str | os.PathLike) and bool(set(mode) & set("wxa"))

    for name in CALLS:
        setattr(os, name, dying(getattr(os, name), lambda *_args, **_options: True))
    builtins.open = io.open = dying(builtins.open, opens_for_writing)  # type: ignore[assignment]
    return count


def in_a_process(riddle: Riddle, args: tuple[str, ...], moment: int) -> int | None:
    """Runs the command line in a copy of this process; its exit status, negative for a signal."""

    def run() -> None:
        torch.set_num_threads(1)  # a copy has none of its threads
        sys.stdout = sys.stderr = io.StringIO()
        die_at(moment)
        os._exit(riddle.encrypt(*args).status)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join(60)
    if process.exitcode is None:
        process.kill()
        pytest.fail("the job hangs")
    return process.exitcode


@pytest.fixture
def album(riddle: Riddle) -> Riddle:
    """Two photos."""
    Path("album").mkdir()
    for seed in range(2):
        Image.fromarray(fake_photo(seed)).save(f"album/{seed}.png")
    return riddle


def results() -> dict[str, bytes]:
    """Files that can be seen."""
    files = [*Path("out").rglob("*"), Path("records.zip")]
    return {str(path): path.read_bytes() for path in files if path.is_file() and not path.name.startswith(".")}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the test copies its process")
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_any_moment_a_job_continues(album: Riddle, kind: str) -> None:
    job = ("album", "-o", "out", "--mode", "sealed", "--jobs", "1", *KINDS[kind])
    torch.set_num_threads(1)
    moment = 0
    while True:
        shutil.rmtree("out", ignore_errors=True)
        Path("records.zip").unlink(missing_ok=True)
        status = in_a_process(album, job, moment)
        if status == 0:
            break
        assert status == -signal.SIGKILL, (moment, status)
        left = results()
        for name in left:
            if name.endswith(".png"):
                pixels(name)  # whatever can be seen is whole
        result = album.encrypt(*job)
        assert result.status == 0, (moment, result.err)
        check(album, kind, moment)
        if kind != "archive":
            now = results()
            assert all(now[name] == content for name, content in left.items() if is_complete(name, left)), moment
        moment += 4  # in steps, to save time; each kind of moment comes up in one of the kinds
    assert moment >= 6
    check(album, kind, moment)


def is_complete(name: str, files: dict[str, bytes]) -> bool:
    """Whether a result has all its parts."""
    stem = name.rsplit(".", 1)[0]
    return f"{stem}.riddle" in files and f"{stem}.png" in files


def check(riddle: Riddle, kind: str, moment: int) -> None:
    """Two pictures, two records, nothing else, and each gives its own photo back."""
    names = {path.name for path in Path("out").rglob("*")}
    expected = {f"{seed}_anonymised.png" for seed in range(2)}
    if kind == "beside":
        expected |= {f"{seed}_anonymised.riddle" for seed in range(2)}
    assert names == expected, moment
    shutil.rmtree("back", ignore_errors=True)
    source = ("records.zip", "--image", "out") if kind == "archive" else ("out",)
    result = riddle.decrypt(*source, "-o", "back")
    assert (result.status, result.err) == (0, ""), moment
    for seed in range(2):
        np.testing.assert_array_equal(pixels(f"back/{seed}_recovered.png"), fake_photo(seed), err_msg=str(moment))
        np.testing.assert_array_equal(pixels(f"album/{seed}.png"), fake_photo(seed))
