"""Options that `riddle encrypt` and `riddle decrypt` share, and how the two talk to the user."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

Pack = Annotated[str, typer.Option(help="lite, ffhq256, ffhq1024, or a folder with a manifest.json.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:N or auto.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="File that holds the password (UTF-8; one newline at its end is dropped).")
]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print warnings and errors only.")]


@contextmanager
def working(what: str, quiet: bool) -> Iterator[None]:
    """Shows a spinner while something takes long; nothing if quiet or without a terminal."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ..."):
        yield


def say(quiet: bool, line: str) -> None:
    """One line on standard output."""
    if not quiet:
        print(line, flush=True)


def warn(line: str) -> None:
    """One line on standard error, even if quiet."""
    print(f"warning: {line}", file=sys.stderr, flush=True)
