"""The ``riddle`` command: dispatches to the subcommand's module, ``riddle_pl.cli.<verb>``.

A verb's module has ``app``, a ``typer.Typer``. It is imported only when its verb is called, so that
``riddle --help`` does not wait for torch.
"""

import errno
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import TextIO

from riddle_pl import __version__
from riddle_pl.cli.verbs import COMPLETE, VERBS, complete, plain
from riddle_pl.errors import ConfigError, FileError, did_you_mean, run_cli

HELP = """\
Usage: riddle COMMAND [ARGS]...

Reversible face de-identification with a password.

Commands:
{commands}

Options:
  --version   show the version
  -h, --help  show this; `riddle COMMAND --help` shows a command's own help

Example:
  riddle encrypt portrait.jpg
  riddle decrypt portrait_anonymised.riddle

Training, evaluation and the networks' own recipes: riddle-train, riddle-eval, riddle-pretrain.
"""


_BAD_PATHS = (errno.ENAMETOOLONG, errno.ELOOP)
"""What pathlib raises where it is only asked what a path is."""


def help_text() -> str:
    """The text of ``riddle --help``."""
    return HELP.format(commands="\n".join(f"  {verb:10} {line}" for verb, line in VERBS.items()))


def run_verb(verb: str, args: Sequence[str]) -> None:
    """Imports the verb's module and runs its Typer app on ``args``.

    Raises :class:`ConfigError` for an unknown option or a missing or badly formed argument.
    """
    import typer

    for before, text in pairwise(("", *args)):
        if not text and before != "--suffix":  # "" would be the current folder
            raise ConfigError("an argument is empty; perhaps a shell variable is not set")
    module = import_module(f"riddle_pl.cli.{verb}")
    command = plain(typer.main.get_command(module.app))
    try:
        with command.make_context(f"riddle {verb}", list(args)) as context:  # its main() would hide who pressed Ctrl-C
            status = command.invoke(context)
    except typer.Exit as stop:
        status = stop.exit_code
    except typer.TyperException as error:
        message = error.format_message() or "no command given"  # empty where Typer has shown the help instead
        raise ConfigError(f"{message.rstrip('.')} (see: riddle {verb} --help)") from error
    except typer.Abort:  # end of input at a prompt
        raise KeyboardInterrupt from None
    except BrokenPipeError:  # of riddle ... | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        if error.errno == errno.ENOSPC and error.filename is None:  # print's; files are written whole or not at all
            raise FileError("what the command has to say cannot be written: no space left there") from error
        if error.errno not in _BAD_PATHS:
            raise
        raise FileError(f"{error.filename!s:.80} cannot be reached ({os.strerror(error.errno).lower()})") from error
    if isinstance(status, int) and status:
        raise SystemExit(status)


def dispatch(args: Sequence[str]) -> None:
    """Runs one command line, without the program's name.

    Raises :class:`ConfigError` if the verb is missing or unknown.
    """
    choices = f"choose from {', '.join(VERBS)}"
    if not args:
        raise ConfigError(f"no command given; {choices}; for example: riddle encrypt portrait.jpg")
    first, rest = args[0], args[1:]
    if first in VERBS:
        run_verb(first, rest)
    elif first in ("-h", "--help"):
        print(help_text(), end="")
    elif first == "--version":
        print(f"riddle-pl {__version__}")
    else:
        raise ConfigError(f"riddle {first}: no such command; {did_you_mean(first, VERBS)}{choices}")


def _nowhere() -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def main() -> None:
    """Entry point of ``riddle``."""
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()  # daemons have them closed
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names may hold what the terminal's encoding does not
            stream.reconfigure(errors="backslashreplace")
    if COMPLETE in os.environ:  # the shell asks what may follow
        complete(os.environ[COMPLETE])
    run_cli(lambda: dispatch(sys.argv[1:]))
