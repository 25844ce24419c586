"""If this fails, a weak password goes unnoticed, or the line about it holds a part of it."""

import pytest

from riddle_pl.cli.password_strength import weakness


@pytest.mark.parametrize("password", ["letmein", "anna2019", "abcabc", "qwertz"])
def test_weak_ones_are_told(password):
    line = weakness(password)
    assert "weak" in line
    assert "guesses" in line
    assert password not in line


def test_good_and_long_ones_are_not():
    assert weakness("correct horse battery staple") == ""
    assert weakness("x7" * 5000) == "" or "weak" in weakness("x7" * 5000)


def test_the_command_warns_and_goes_on(riddle):
    (riddle.folder / "weak").write_text("anna")
    result = riddle.encrypt("photo.png", password="weak")
    assert result.status == 0
    assert result.err.startswith("warning: the password is weak")
    assert "anna" not in result.err
    assert riddle.encrypt("photo.png", "-o", "x.png").err == ""
