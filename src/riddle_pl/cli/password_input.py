"""Reads a password: from a file, standard input, ``RIDDLE_PASSWORD`` or a prompt; never from argv."""

import getpass
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from riddle_pl.errors import ConfigError, PasswordError
from riddle_pl.files import require_file
from riddle_pl.key import Password, check_password

ENVIRONMENT_VARIABLE = "RIDDLE_PASSWORD"
MAX_BYTES = 1 << 16
"""A "password file" beyond this is a mistake, such as the photo itself."""

_OTHER_WAYS = f"use --password-file or the environment variable {ENVIRONMENT_VARIABLE}"


def given_password(
    file: Path | str | None = None, stdin: bool = False, variable: str = ENVIRONMENT_VARIABLE
) -> Password | None:
    """The password from the first of: ``file``, standard input, ``RIDDLE_PASSWORD``; None where it is to be asked for.

    From a file and from standard input exactly one trailing newline (``\\n`` or ``\\r\\n``) is dropped, as well as a
    leading byte order mark; all else is part of the password. The environment variable is taken as it is.

    Args:
        file: path of a UTF-8 file; ``-`` is standard input.
        stdin: read standard input to its end.
        variable: name of the environment variable.

    Raises:
        PasswordError: two sources asked for, a source unreadable, or the password empty (see
            :func:`riddle_pl.password.check_password`).
    """
    stdin = stdin or str(file) == "-"
    file = None if str(file) == "-" else file
    if file is not None and stdin:
        raise PasswordError("a password file and standard input were both given; choose one")
    if file is not None:
        return _from_file(file)
    if stdin:
        return _from_stdin()
    value = os.environ.get(variable)
    return None if value is None else _checked(value, variable)


def asked_password(confirm: bool = False, what: str = "Password") -> Password:
    """The password from a prompt on the terminal.

    Args:
        confirm: ask twice (for encryption: a typing error there would lose the face).
        what: how the prompt calls it.

    Raises:
        PasswordError: empty, not confirmed, or no terminal to ask at.
    """
    if not any(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        raise PasswordError(f"there is no terminal to ask for the password; {_OTHER_WAYS}")
    password = _checked(_ask(f"{what}: "), "prompt")
    if confirm and _ask(f"{what} again: ") != password:
        raise PasswordError("the two passwords differ; nothing was written, try again")
    return password


def read_face_passwords(values: Sequence[str], option: str) -> dict[int, Password]:
    """Passwords of single faces, each from a file.

    Args:
        values: ``INDEX=FILE`` each.
        option: how messages call them.

    Raises:
        ConfigError: a value of another form, or two for one face.
        PasswordError: see :func:`given_password`.
    """
    passwords: dict[int, Password] = {}
    for value in values:
        index, equals, file = value.partition("=")
        if not (equals and file and index.isascii() and index.isdecimal() and len(index) < 6):
            raise ConfigError(f"{option} is {value!r:.80}; expected INDEX=FILE, such as 1=alice.txt")
        if int(index) in passwords:
            raise ConfigError(f"{option} gives face {int(index)} two passwords; give one")
        passwords[int(index)] = _from_file(file)
    return passwords


def _from_file(path: Path | str) -> Password:
    path = require_file(path, "password file", PasswordError)
    try:
        with path.open("rb") as source:
            content = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise PasswordError(f"password file {path} cannot be read ({error.strerror}); check it") from error
    return _checked(_decode(content, f"password file {path}"), f"password file {path}")


def _from_stdin() -> Password:
    if sys.stdin is None:
        raise PasswordError(f"there is no standard input to read the password from; {_OTHER_WAYS}")
    try:
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as error:
        raise PasswordError(f"standard input cannot be read ({error.strerror}); {_OTHER_WAYS}") from error
    return _checked(_decode(content, "standard input"), "standard input")


def _decode(content: bytes, source: str) -> str:
    if len(content) > MAX_BYTES:
        raise PasswordError(f"{source} holds more than {MAX_BYTES} bytes; expected one password")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Not chained: the original error holds the password.
        raise PasswordError(f"{source} is not UTF-8 text; save the password as UTF-8") from None
    return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")


def _ask(question: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # it would show the password while it is typed
        try:
            return getpass.getpass(question)
        except (EOFError, getpass.GetPassWarning, OSError) as error:
            raise PasswordError(f"the password cannot be read from the terminal; {_OTHER_WAYS}") from error


def _checked(password: str, source: str) -> Password:
    try:
        check_password(password)
    except PasswordError as error:
        raise PasswordError(f"{source}: {error}") from None
    return Password(password)
