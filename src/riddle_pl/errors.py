"""Errors meant for the user: one line that names what was wrong, what was expected and what to do."""

import reprlib
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import NoReturn, TypeVar

from riddle_pl.launch import local_rank

R = TypeVar("R")

USER_ERROR_STATUS = 2
INTERRUPTED_STATUS = 130


class RiddleError(Exception):
    """Anything the user can put right. The message is one line; command lines print it and exit with status 2."""


class ConfigError(RiddleError):
    """A configuration key or value that does not exist or does not fit."""


class FileError(RiddleError):
    """A file or folder that is missing, unreadable, unwritable or in the way."""


class PackError(RiddleError):
    """A model pack that is missing, damaged or lacks a network."""


class CheckpointError(RiddleError):
    """A checkpoint that is damaged or belongs to another network."""


class PasswordError(RiddleError):
    """A password that is empty, unreadable or not confirmed; for a sealed record also a wrong one."""


class RecordError(RiddleError):
    """A ``.riddle`` record that is damaged, hostile, from a newer version or made with another pack."""


class PhotoError(RiddleError):
    """A photo that cannot be read or processed."""


class NoFaceError(PhotoError):
    """A photo in which no face was found."""


class NonFiniteError(RiddleError):
    """A loss, a gradient or a weight that is no longer a finite number."""


class DataError(RiddleError):
    """A data set that is missing, empty or laid out in an unknown way."""


class DeviceError(RiddleError):
    """A device that was asked for and is not there."""


def one_line(error: BaseException) -> str:
    """The message of ``error`` on one printable line (file names may hold control characters)."""
    text = " ".join(str(error).split())
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shown(value: object) -> str:
    """A value out of a file of anyone, for a message: in part if it is long."""
    return reprlib.repr(value)


def _exit(line: str, status: int) -> NoReturn:
    if local_rank() == 0:  # of several processes that fail together, one says why
        print(line, file=sys.stderr)
    raise SystemExit(status)


def run_cli(fn: Callable[[], R]) -> R:
    """Calls ``fn``; a :class:`RiddleError` becomes ``error: <line>`` on stderr and exit status 2, Ctrl-C status 130.

    A ``KeyboardInterrupt`` may say what was done and how to go on.

    Other exceptions are bugs and keep their traceback.
    """
    try:
        return fn()
    except RiddleError as error:
        failure = one_line(error)
    except KeyboardInterrupt as stop:
        _exit(f"interrupted: {stop}" if str(stop) else "interrupted", INTERRUPTED_STATUS)
    _exit(f"error: {failure}", USER_ERROR_STATUS)


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice most like ``name``, or None if nothing is similar; case is ignored."""
    by_lower = {choice.lower(): choice for choice in choices}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """``did you mean 'x'? ``, with the space, to stand before the list of choices; empty if nothing is similar."""
    best = nearest(name, choices)
    return f"did you mean '{best}'? " if best else ""


def suggestion(name: str, choices: Iterable[str], limit: int = 30) -> str:
    """``did you mean 'x'? choose from a, b, x``: the tail of an error line about an unknown ``name``."""
    ordered = sorted(set(choices))
    if not ordered:
        return "it takes none"
    listed = ", ".join(ordered[:limit]) + (", ..." if len(ordered) > limit else "")
    return f"{did_you_mean(name, ordered)}choose from {listed}"
