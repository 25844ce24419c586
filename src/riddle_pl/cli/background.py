"""Work in the background while the user types a password."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")

THREAD = "riddle-background"
"""Name of the threads."""


class InBackground(Generic[T]):
    """Calls a function in a thread of its own, which does not keep the program from ending.

    Args:
        work: what it raises is raised by :meth:`result`.
    """

    def __init__(self, work: Callable[[], T]):
        self._work = work
        self._future: Future[T] = Future()
        threading.Thread(target=self._run, name=THREAD, daemon=True).start()

    def result(self) -> T:
        """What the function returns, once it does."""
        return self._future.result()

    def _run(self) -> None:
        try:
            self._future.set_result(self._work())
        except BaseException as error:
            self._future.set_exception(error)
