"""If this fails, memory grows with the number of photos in a folder."""

import sys
from types import SimpleNamespace

import pytest

from riddle_pl import process


def calls(monkeypatch, platform, library):
    made = []
    names = {"mallopt": lambda *args: made.append(args)} if library == "glibc" else {}
    monkeypatch.setattr(process.sys, "platform", platform)
    monkeypatch.setattr(process.ctypes, "CDLL", lambda _name: SimpleNamespace(**names))
    process.share_one_heap()
    return made


def test_glibc_is_told_once(monkeypatch):
    assert calls(monkeypatch, "linux", "glibc") == [(-8, 1)]


def test_other_libraries_and_systems_are_left_alone(monkeypatch):
    assert calls(monkeypatch, "linux", "musl") == []
    assert calls(monkeypatch, "darwin", "glibc") == []


@pytest.fixture
def clock(monkeypatch):
    """A clock that each item moves on by six seconds."""
    now = [0.0]

    def monotonic():
        now[0] += 6.0
        return now[0]

    monkeypatch.setattr(process.time, "monotonic", monotonic)


def test_without_a_terminal_progress_is_a_line_now_and_then(clock, capsys):
    assert list(process.track("abcdefg", 7, "encrypting", name=str.upper)) == list("abcdefg")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "encrypting: 2 of 7 (B), about 30 s left"
    assert len(lines) == 3
    assert list(process.track("ab", 2, "encrypting", quiet=True)) == ["a", "b"]
    assert capsys.readouterr().err == ""


def test_photos_that_are_made_together_count_together_for_the_time_left(clock, capsys):
    """Eight photos in a minute, of which the first is told, are no eight minutes for eight more."""
    list(process.track("abcdefg", 7, "encrypting", name=str.upper, together=4))
    assert capsys.readouterr().err.splitlines()[0] == "encrypting: 2 of 7 (B), about 9 s left"


def test_a_short_job_says_nothing(capsys):
    assert list(process.track("ab", 2, "encrypting")) == ["a", "b"]
    assert capsys.readouterr().err == ""


def test_a_terminal_shows_a_bar_with_counts_and_the_name(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    list(process.track(["one.jpg", "two.jpg"], 2, "encrypting", name=str))
    shown = capsys.readouterr().err
    assert "encrypting" in shown
    assert "two.jpg" in shown
    assert "/2" in shown
