"""If this fails, a shell completes nothing of `riddle`, or its manual says something else than its help."""

import os
import shutil
import subprocess
import sys

import pytest

from riddle_pl.cli.verbs import VERBS

COMMAND = [sys.executable, "-c", "from riddle_pl.cli.app import main; main()"]


def answer(words: str, count: int) -> list[str]:
    """What bash is told for a line; no network is imported for it."""
    code = "import sys, atexit; atexit.register(lambda: print('torch' in sys.modules, file=sys.stderr)); " + COMMAND[2]
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(count), "_RIDDLE_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "False"
    return done.stdout.split()


def test_verbs_and_options_are_completed() -> None:
    assert set(answer("riddle ", 1)) == set(VERBS)
    assert answer("riddle encrypt --keep", 2) == ["--keep-time"]
    assert set(answer("riddle weights ", 2)) == {"list", "fetch", "import", "import-folder", "verify"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_of_shells(shell: str) -> None:
    done = subprocess.run([*COMMAND, "completion", shell], capture_output=True, text=True, check=True)
    assert f"_RIDDLE_COMPLETE=complete_{shell}" in done.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True)


def test_another_shell_is_an_error(riddle) -> None:
    riddle.refused(riddle("completion", "csh"), "choose from bash, fish, zsh", before=riddle.files())


def test_the_manual_has_every_command_and_option(riddle) -> None:
    page = riddle("man").out
    assert page.startswith(".TH RIDDLE 1")
    for verb in VERBS:
        assert f".SS riddle {verb}" in page
    for option in ("--keep-time", "--max-size", "--on-failure"):
        shown = option.replace("-", r"\-")
        assert rf"\fB{shown}\fR" in page
    assert not any(line.startswith("'") for line in page.splitlines())
