"""Type checks of ``report.json``, an untrusted file whose texts reach tables and the terminal."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from riddle_pl.errors import shown

T = TypeVar("T")
MAX_COUNT = 10**12


def text(value: object) -> str:
    """A text; control characters are escaped.

    Raises:
        ValueError: anything else; so do all functions here.
    """
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} where a text is expected")
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in value)


def count(value: object) -> int:
    """A whole number from 0 on."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise ValueError(f"{shown(value)} where a count is expected")
    return value


def number(value: object) -> float:
    """A number; NaN for null."""
    if value is None:
        return math.nan
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= MAX_COUNT:
        raise ValueError(f"{shown(value)} where a number is expected")
    return float(value)


def share(value: object) -> float:
    """A number from 0 to 1."""
    if value is None or not 0 <= number(value) <= 1:
        raise ValueError(f"{shown(value)} where a share is expected")
    return number(value)


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} where true or false is expected")
    return value


def optional(check: Callable[[object], T], value: object) -> T | None:
    """None, or what ``check`` makes of the value."""
    return None if value is None else check(value)


def listed(check: Callable[[Any], T], value: object) -> list[T]:
    """A list."""
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} where a list is expected")
    return [check(item) for item in value]


def named(check: Callable[[Any], T], value: object) -> dict[str, T]:
    """An object of values by name."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{shown(value)} where an object is expected")
    return {text(key): check(item) for key, item in value.items()}


def anything(value: object) -> Any:
    """Values within values of JSON."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return listed(anything, value)
    return named(anything, value) if isinstance(value, Mapping) else value
