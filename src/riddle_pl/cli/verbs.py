"""The verbs of ``riddle``: one by one, and all as one command, for completion and the manual.

A verb's module has ``app``, a ``typer.Typer``. It is imported only where it is needed.
"""

import os
from importlib import import_module
from typing import Any, NoReturn

VERBS = {
    "encrypt": "turn the faces in photos into other people, with a password",
    "decrypt": "recover the faces from records, with the same password",
    "preview": "draw the faces that are found, their indices and the gate's verdict on a copy of a photo",
    "inspect": "show what a record holds; needs no password",
    "rekey": "give a record another password",
    "measure": "measure on photos of yours how many faces pass the gate and come back",
    "demo": "encrypt and recover photos of synthetic people; writes demo.jpg and photos.jpg",
    "tables": "put several evaluations of riddle-eval into one set of tables",
    "weights": "list, fetch, import and verify the networks of the model packs",
    "invert": "find the codes of photos in tar archives, for training, in any number of processes",
    "packs": "make packs of your own networks, extend and share them",
    "export": "write the networks of a pack as ONNX files",
    "doctor": "check this installation and explain what is wrong",
    "completion": "print what makes bash, zsh or fish complete the command line",
    "man": "print the manual page",
}

COMPLETE = "_RIDDLE_COMPLETE"
"""Environment variable of the scripts of ``riddle completion``."""


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


def whole_command() -> Any:
    """The group of all verbs, as Typer builds it. Imports the verbs' modules, and no network."""
    import typer

    every = typer.Typer(name="riddle", add_completion=True, no_args_is_help=True)
    for verb, line in VERBS.items():
        module = import_module(f"riddle_pl.cli.{verb}")
        if len(module.app.registered_commands) == 1:
            (command,) = module.app.registered_commands
            every.command(verb, short_help=line)(command.callback)
        else:
            every.add_typer(module.app, name=verb, short_help=line)
    return plain(typer.main.get_command(every))


def complete(instruction: str) -> NoReturn:
    """What Typer answers to a shell: the script that asks (``source_bash``), or what may follow (``complete_bash``)."""
    os.environ[COMPLETE] = instruction
    whole_command()(prog_name="riddle", complete_var=COMPLETE)
    raise SystemExit(0)
