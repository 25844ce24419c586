"""If this fails, `riddle` hangs on torch before it shows its help, or does not say what it wants."""

import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import typer

from riddle_pl.cli import app as riddle
from riddle_pl.errors import PhotoError


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> tuple[int, str, str]:
    """Runs `riddle ARGS`; returns status, stdout, stderr."""
    monkeypatch.setattr(sys, "argv", ["riddle", *args])
    status = 0
    try:
        riddle.main()
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """A stand-in for every verb's module; returns the calls that reach it."""
    app = typer.Typer()
    calls: list[tuple[str, int]] = []

    @app.command()
    def main(photo: str, size: int = 3) -> None:
        """Does something. Example: riddle encrypt a.jpg"""
        if photo == "missing.jpg":
            raise PhotoError(f"{photo}: no such file")
        if photo == "interrupt":
            raise KeyboardInterrupt
        if photo == "exit":
            raise typer.Exit(3)
        calls.append((photo, size))

    monkeypatch.setattr(riddle, "import_module", lambda name: SimpleNamespace(app=app))
    return calls


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_every_verb_and_an_example(flag, capsys, monkeypatch):
    status, out, err = run(capsys, monkeypatch, flag)
    assert status == 0
    assert err == ""
    assert all(f"\n  {verb} " in out for verb in riddle.VERBS)
    assert "riddle encrypt portrait.jpg" in out


def test_version(capsys, monkeypatch):
    assert run(capsys, monkeypatch, "--version")[1].startswith("riddle-pl ")


def test_help_takes_less_than_a_second_and_imports_no_torch():
    code = (
        "import sys; sys.argv = ['riddle', '--help']; from riddle_pl.cli.app import main; main(); print(*sys.modules)"
    )
    times = []
    for _ in range(2):  # the second has warm file caches
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - start)
    assert {"torch", "typer"}.isdisjoint(done.stdout.split())
    assert min(times) < 1


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((), "no command given"),
        (("encrpt",), "did you mean 'encrypt'?"),
        (("--bogus",), "--bogus: no such command"),
    ],
)
def test_wrong_command_is_one_line_and_status_2(args, expected, capsys, monkeypatch):
    status, out, err = run(capsys, monkeypatch, *args)
    assert status == 2
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert expected in err
    assert all(verb in err for verb in riddle.VERBS)


def test_arguments_reach_the_verb_untouched(verb, capsys, monkeypatch):
    assert run(capsys, monkeypatch, "encrypt", "--size", "5", "--", "-odd name.jpg")[0] == 0
    assert verb == [("-odd name.jpg", 5)]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("encrypt",), "missing argument 'photo'"),
        (("encrypt", "a.jpg", "--siz", "5"), "--siz"),
        (("encrypt", "a.jpg", "--size", "five"), "--size"),
        (("encrypt", "missing.jpg"), "missing.jpg: no such file"),
    ],
)
def test_bad_arguments_are_one_line_and_status_2(args, expected, verb, capsys, monkeypatch):
    status, out, err = run(capsys, monkeypatch, *args)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert expected in err.lower()
    assert verb == []


def test_group_without_its_sub_command_is_status_2(capsys, monkeypatch):
    group = typer.Typer()
    group.command("list")(lambda: None)
    group.callback()(lambda: None)
    monkeypatch.setattr(riddle, "import_module", lambda name: SimpleNamespace(app=group))
    status, _, err = run(capsys, monkeypatch, "weights")
    assert status == 2
    assert err.startswith("error: Missing command (see: riddle weights --help)")


def test_verb_help_shows_its_own_name(verb, capsys, monkeypatch):
    status, out, _ = run(capsys, monkeypatch, "decrypt", "--help")
    assert status == 0
    assert "riddle decrypt" in out
    assert "Example:" in out


def test_interrupt_and_exit_status(verb, capsys, monkeypatch):
    assert run(capsys, monkeypatch, "encrypt", "interrupt")[0] == 130
    assert run(capsys, monkeypatch, "encrypt", "exit")[0] == 3
