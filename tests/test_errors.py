"""If this fails, users see tracebacks instead of one line, or scripts cannot rely on the exit status."""

import pytest

from riddle_pl import errors
from riddle_pl.errors import NoFaceError, PasswordError, PhotoError, RiddleError, one_line, run_cli


def test_a_user_error_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise PasswordError("the password is empty")

    with pytest.raises(SystemExit) as exit_:
        run_cli(fail)
    assert exit_.value.code == 2
    assert capsys.readouterr() == ("", "error: the password is empty\n")
    assert exit_.value.__context__ is None, "a traceback would follow under a debugger or Hydra"


def test_ctrl_c_is_status_130(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as exit_:
        run_cli(fail)
    assert exit_.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_bugs_keep_their_traceback() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_cli(fail)


def test_file_names_with_control_characters_stay_on_one_line() -> None:
    assert one_line(RiddleError("photo a\nb\x1b[31m.png")) == "photo a b\\x1b[31m.png"


def test_every_error_is_a_riddle_error() -> None:
    found = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(found) >= 11
    assert all(issubclass(error, RiddleError) for error in found)
    assert issubclass(NoFaceError, PhotoError)
