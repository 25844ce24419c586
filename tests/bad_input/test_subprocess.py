"""If this fails, the installed command itself ends in a traceback where the terminal cannot show a file's name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.photos.record.test_record import make_record


@pytest.mark.slow
def test_names_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    name = "写真 🙂" + os.fsdecode(b"\xff")  # the last is not UTF-8
    make_record().save(tmp_path / f"{name}.riddle")
    command = [sys.executable, "-c", "from riddle_pl.cli.app import main; main()", "inspect", f"{name}.riddle"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"deniable" in done.stdout
    (tmp_path / f"{name}.riddle").write_text("no record")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: record ")
    assert done.stderr.count(b"\n") == 1
