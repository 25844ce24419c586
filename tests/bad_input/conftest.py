"""The `riddle` fixture, as the command line's own tests have it."""

from tests.cli.conftest import riddle

__all__ = ["riddle"]
