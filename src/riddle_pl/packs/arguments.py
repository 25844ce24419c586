"""Arguments of networks from untrusted files, checked against the constructor's signature before it is called.

Accepted are known names, plain values of the annotated types, and limited numbers and lengths.
"""

import inspect
import math
import typing
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal

from riddle_pl.errors import PackError, did_you_mean, shown

MAX_NUMBER = 1 << 14
"""Layers, widths, pixels: 16,384. How large a network may be as a whole, see ``networks.size_limit``."""
MAX_ITEMS = 64
"""In a list or a mapping."""


def checked(target: Callable[..., Any], args: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The arguments as ``target`` takes them: JSON has lists where it takes tuples, and texts as keys for numbers.

    Args:
        target: a class, with a type for every argument that a file may give.
        args: from the file.
        place: named in errors.

    Raises:
        PackError: an unknown name, a missing one, or a value of another type or out of range.
    """
    parameters = inspect.signature(target).parameters
    for name in args:
        if name not in parameters:
            hint = did_you_mean(str(name), parameters)
            raise PackError(f"{place} has no argument {shown(name)}; {hint}it takes {', '.join(parameters) or 'none'}")
    required = [name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty]
    if missing := [name for name in required if name not in args]:
        raise PackError(f"{place} lacks the argument {', '.join(missing)}")
    hints = typing.get_type_hints(target.__init__ if inspect.isclass(target) else target)
    return {str(name): plain_value(value, hints.get(name), f"{place}: {name}") for name, value in args.items()}


def plain_value(value: object, hint: Any, place: str) -> Any:
    """One value as its type hint wants it.

    Raises:
        PackError: another type, or out of range.
    """
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):
        if value is None and NoneType in inner:
            return None
        [hint] = [choice for choice in inner if choice is not NoneType]
        return plain_value(value, hint, place)
    if origin is Literal:
        return _expect(isinstance(value, str) and value in inner, value, f"one of {', '.join(map(str, inner))}", place)
    if hint is bool:
        return _expect(isinstance(value, bool), value, "true or false", place)
    if hint is int:
        return _expect(_is_number(value, int), value, f"a whole number from 0 to {MAX_NUMBER}", place)
    if hint is float:
        return _expect(_is_number(value, int, float), value, f"a number from 0 to {MAX_NUMBER}", place)
    if origin in (Sequence, tuple):
        fixed = origin is tuple and Ellipsis not in inner
        _expect(
            isinstance(value, list | tuple) and (len(value) == len(inner) if fixed else len(value) <= MAX_ITEMS),
            value,
            f"a list of {len(inner) if fixed else f'at most {MAX_ITEMS}'} values",
            place,
        )
        return tuple(plain_value(item, inner[0], place) for item in typing.cast(Sequence[object], value))
    if origin is Mapping:
        _expect(isinstance(value, Mapping) and len(value) <= MAX_ITEMS, value, "an object of numbers", place)
        pairs = typing.cast(Mapping[object, object], value).items()
        return {_whole(key, place): plain_value(item, inner[1], place) for key, item in pairs}
    raise PackError(f"{place} cannot be given in a file")


def _is_number(value: object, *kinds: type) -> bool:
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    return isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= MAX_NUMBER


def _whole(key: object, place: str) -> int:
    number = int(key) if isinstance(key, str) and len(key) < 10 and key.isascii() and key.isdecimal() else key
    whole: int = plain_value(number, int, place)
    return whole


def _expect(ok: bool, value: object, expected: str, place: str) -> Any:
    if not ok:
        raise PackError(f"{place} is {shown(value)}; expected {expected}")
    return value
