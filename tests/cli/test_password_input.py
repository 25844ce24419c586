"""If this fails, a password that was typed or stored is read as another one, and the face does not come back."""

import errno
import getpass
import io
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from riddle_pl.cli.password_input import (
    ENVIRONMENT_VARIABLE,
    asked_password,
    given_password,
    read_face_passwords,
)
from riddle_pl.errors import ConfigError, PasswordError


def read_password(
    file: Path | str | None = None,
    stdin: bool = False,
    confirm: bool = False,
    what: str = "Password",
    variable: str = ENVIRONMENT_VARIABLE,
) -> str:
    """As the commands do."""
    given = given_password(file, stdin, variable)
    return asked_password(confirm, what) if given is None else given


class _Stream(io.TextIOWrapper):
    """Standard input with given bytes, on a terminal or not."""

    def __init__(self, content: bytes = b"", terminal: bool = False):
        super().__init__(io.BytesIO(content), encoding="utf-8")
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Puts somebody at a terminal who types the given lines; returns the questions that were asked."""

    def at_terminal(*lines: str) -> list[str]:
        questions: list[str] = []
        answers = iter(lines)

        def ask(question: str) -> str:
            questions.append(question)
            try:
                return next(answers)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr(sys, "stdin", _Stream(terminal=True))
        monkeypatch.setattr(getpass, "getpass", ask)
        return questions

    return at_terminal


CONTENTS = [
    (b"secret", "secret"),
    (b"secret\n", "secret"),
    (b"secret\r\n", "secret"),
    (b"secret\n\n", "secret\n"),
    (b"secret\r\n\r\n", "secret\r\n"),
    (b"secret\r", "secret\r"),
    (b" secret \n", " secret "),
    (b"\xef\xbb\xbfsecret\n", "secret"),
    ("pässwörd 🔑\n".encode(), "pässwörd 🔑"),
    (b"x" * 65_536, "x" * 65_536),
]
BAD_CONTENTS = [
    (b"", "empty"),
    (b"\n", "empty"),
    (b"\r\n", "empty"),
    (b"\xef\xbb\xbf\n", "empty"),
    (b"  \n", "white space"),
    (b"\xff\xfes\x00e\x00", "not UTF-8"),
    (b"x" * 65_537, "more than"),
]


@pytest.mark.parametrize(("content", "password"), CONTENTS)
def test_from_file_and_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, password: str) -> None:
    path = tmp_path / "password.txt"
    path.write_bytes(content)
    assert read_password(file=path) == password
    assert read_password(file=str(path), confirm=True) == password
    for arguments in ({"stdin": True}, {"file": "-"}):
        monkeypatch.setattr(sys, "stdin", _Stream(content))
        assert read_password(**arguments) == password  # type: ignore[arg-type]


@pytest.mark.parametrize(("content", "message"), BAD_CONTENTS)
def test_bad_file_and_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str) -> None:
    path = tmp_path / "password.txt"
    path.write_bytes(content)
    with pytest.raises(PasswordError, match=rf"^password file .*password.txt.*{message}"):
        read_password(file=path)
    monkeypatch.setattr(sys, "stdin", _Stream(content))
    with pytest.raises(PasswordError, match=f"^standard input.*{message}"):
        read_password(stdin=True)


def test_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PasswordError, match="does not exist"):
        read_password(file=tmp_path / "absent")
    with pytest.raises(PasswordError, match="is a folder"):
        read_password(file=tmp_path)
    (tmp_path / "broken").touch()

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "open", broken)
    with pytest.raises(PasswordError, match=r"broken cannot be read \(Input/output error\)"):
        read_password(file=tmp_path / "broken")


def test_two_sources() -> None:
    with pytest.raises(PasswordError, match="choose one"):
        read_password(file="password.txt", stdin=True)


def test_environment_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIDDLE_PASSWORD", " secret\n")
    assert read_password(confirm=True) == " secret\n"


def test_empty_environment_variable_does_not_fall_through(
    monkeypatch: pytest.MonkeyPatch, typed: Callable[..., list[str]]
) -> None:
    questions = typed("secret")
    monkeypatch.setenv("RIDDLE_PASSWORD", "")
    with pytest.raises(PasswordError, match=r"^RIDDLE_PASSWORD: the password is empty"):
        read_password()
    assert not questions


def test_undecodable_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "RIDDLE_PASSWORD", b"\xff".decode("utf-8", "surrogateescape"))
    with pytest.raises(PasswordError, match="not valid text"):
        read_password()


def test_file_goes_before_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIDDLE_PASSWORD", "other")
    path = tmp_path / "password.txt"
    path.write_text("secret")
    assert read_password(file=path) == "secret"


def test_prompt_once_for_decryption_twice_for_encryption(typed: Callable[..., list[str]]) -> None:
    questions = typed("secret", "secret")
    assert read_password() == "secret"
    assert len(questions) == 1
    questions = typed("secret", "secret")
    assert read_password(confirm=True, what="New password") == "secret"
    assert questions == ["New password: ", "New password again: "]


def test_prompt_refusals(typed: Callable[..., list[str]]) -> None:
    typed("secret", "Secret")
    with pytest.raises(PasswordError, match="differ") as error:
        read_password(confirm=True)
    assert "ecret" not in str(error.value)
    questions = typed("", "")
    with pytest.raises(PasswordError, match=r"^prompt: .*empty"):
        read_password(confirm=True)
    assert len(questions) == 1
    typed()
    with pytest.raises(PasswordError, match="cannot be read from the terminal"):
        read_password()


def test_standard_input_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def read(self, _: int) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Broken()))
    with pytest.raises(PasswordError, match=r"standard input cannot be read \(Input/output error\)"):
        read_password(stdin=True)


def test_no_terminal_is_an_error_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (_Stream(b"secret\n"), None):
        monkeypatch.setattr(sys, "stdin", stream)
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        with pytest.raises(PasswordError, match=r"no terminal.*--password-file.*RIDDLE_PASSWORD"):
            read_password()
    with pytest.raises(PasswordError, match="no standard input"):
        read_password(stdin=True)


def test_a_terminal_that_would_show_the_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def echo(question: str) -> str:
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=1)
        return "secret"

    monkeypatch.setattr(sys, "stdin", _Stream(terminal=True))
    monkeypatch.setattr(getpass, "getpass", echo)
    with pytest.raises(PasswordError, match="cannot be read from the terminal"):
        read_password()


def test_password_is_hidden_from_repr_and_errors(tmp_path: Path) -> None:
    path = tmp_path / "password.txt"
    path.write_text("secret")
    assert "secret" not in repr(read_password(file=path))
    path.write_bytes(b"secret\xff")
    with pytest.raises(PasswordError) as error:
        read_password(file=path)
    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_passwords_of_single_faces(tmp_path: Path) -> None:
    file = tmp_path / "a=b"
    file.write_text("secret\n")
    assert read_face_passwords([f"0={file}", f"12={file}"], "--x") == {0: "secret", 12: "secret"}
    assert read_face_passwords([f"99999={file}"], "--x") == {99_999: "secret"}
    for values in (["1"], ["1="], ["=a"], ["a=b"], ["-1=a"], ["١=a"], [f"1={file}", f"1={file}"], ["100000=a"]):
        with pytest.raises(ConfigError, match="--x"):
            read_face_passwords(values, "--x")
    with pytest.raises(PasswordError, match="does not exist"):
        read_face_passwords([f"1={tmp_path}/absent"], "--x")


def test_another_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIDDLE_PASSWORD", "old")
    monkeypatch.setenv("RIDDLE_NEW_PASSWORD", "new")
    assert (read_password(), read_password(variable="RIDDLE_NEW_PASSWORD")) == ("old", "new")
