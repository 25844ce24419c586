"""The ``riddle`` command: finds the verb and hands the rest of the line to ``riddle_pl.cli.<verb>``.

A verb's module has ``app``, a ``typer.Typer``. It is imported only when its verb is called, so that
``riddle --help`` does not wait for torch.
"""

import difflib
import errno
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from riddle_pl import __version__
from riddle_pl.errors import ConfigError, FileError, run_cli

VERBS = {
    "encrypt": "turn the faces in photos into other people, with a password",
    "decrypt": "recover the faces from records, with the same password",
    "preview": "draw the faces that are found, their indices and the gate's word on a copy of a photo",
    "inspect": "show what a record holds; needs no password",
    "rekey": "give a record another password",
    "measure": "measure on photos of yours how many faces pass the gate and come back",
    "demo": "train for a moment, then encrypt and recover faces; writes one picture",
    "tables": "put several evaluations of riddle-eval into one set of tables",
    "weights": "list, fetch, import and verify the networks of the model packs",
    "doctor": "check this installation and explain what is wrong",
}

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
        if error.errno not in _BAD_PATHS:
            raise
        raise FileError(f"{error.filename!s:.80} cannot be reached ({os.strerror(error.errno).lower()})") from error
    if isinstance(status, int) and status:
        raise SystemExit(status)


def plain(command: Any) -> Any:
    """The command, with a help that calls values as users do: flags have none, a text is a text."""
    import typer

    names = {"<bool>": "", "<str>": "TEXT", "<list[str]>": "TEXT", "<list[Path]>": "PATH", "<path>": "PATH"}
    context = typer.Context(command)
    for parameter in command.get_params(context):
        shown = names.get(parameter.display_type(context))
        if shown is not None and parameter.param_type_name == "argument":
            parameter.display_type = lambda _context, shown=shown: shown  # an argument's metavar is its name
        elif shown is not None and parameter.metavar is None:
            parameter.metavar = shown
    for inner in getattr(command, "commands", {}).values():
        plain(inner)
    return command


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
        near = difflib.get_close_matches(first, VERBS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(f"riddle {first}: no such command; {hint}{choices}")


def main() -> None:
    """Entry point of ``riddle``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names may hold what the terminal's encoding does not
            stream.reconfigure(errors="backslashreplace")
    run_cli(lambda: dispatch(sys.argv[1:]))
