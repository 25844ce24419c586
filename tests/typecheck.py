"""The type checker of the test-time import hook in ``conftest.py``."""

from collections.abc import Callable
from typing import Any, TypeVar

from beartype import beartype
from beartype.roar import BeartypeDecorHintException

F = TypeVar("F", bound=Callable[..., Any])


def typechecked(fn: F) -> F:
    """``beartype``, except on hints that nothing can check at run time (such as a plain ``Protocol``)."""
    try:
        return beartype(fn)
    except BeartypeDecorHintException:
        return fn
