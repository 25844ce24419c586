"""If this fails, memory grows with the number of photos in a folder."""

from types import SimpleNamespace

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
