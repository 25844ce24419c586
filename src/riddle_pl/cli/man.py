"""``riddle man``: the manual page, from the commands' own help."""

import re
from collections.abc import Iterator
from typing import Any

import typer

app = typer.Typer(add_completion=False)


@app.command()
def man() -> None:
    """Print the manual page, in roff.

    Examples: riddle man > ~/.local/share/man/man1/riddle.1

    riddle man | man -l -
    """
    from riddle_pl import __version__
    from riddle_pl.cli.verbs import whole_command

    print("\n".join(page(whole_command(), __version__)))


def page(command: Any, version: str) -> Iterator[str]:
    """The lines of the page.

    Args:
        command: the group of all verbs.
    """
    yield f'.TH RIDDLE 1 "" "riddle-pl {_text(version)}" "User Commands"'
    yield from (".SH NAME", r"riddle \- reversible face de\-identification with a password")
    yield from (".SH SYNOPSIS", r".B riddle", r".I command", r"[\fIoptions\fR] ...")
    yield ".SH COMMANDS"
    context = typer.Context(command, info_name="riddle")
    for name, verb in command.commands.items():
        yield from _verb(name, verb, context)
    yield from (
        ".SH EXIT STATUS",
        "0: all was done. 1: some of it was not; a line says what. 2: an error. 130: Ctrl-C.",
    )
    yield from (".SH ENVIRONMENT", ".TP", r"\fBRIDDLE_PASSWORD\fR", "The password, where no option gives one.")
    yield from (".TP", r"\fBRIDDLE_HOME\fR", "Folder of fetched and imported networks.")


def _verb(name: str, command: Any, above: Any) -> Iterator[str]:
    context = typer.Context(command, parent=above, info_name=name)
    if hasattr(command, "commands"):
        for inner, verb in command.commands.items():
            yield from _verb(f"{name} {inner}", verb, above)
        return
    parameters = command.get_params(context)
    arguments = [parameter.display_name_raw for parameter in parameters if parameter.param_type_name == "argument"]
    yield f".SS riddle {_text(name)}{''.join(f' {_text(argument.upper())}' for argument in arguments)}"
    for paragraph in (command.help or "").split("\n\n"):
        yield from (".PP", _text(" ".join(paragraph.split())))
    for parameter in parameters:
        if parameter.param_type_name == "option" and not parameter.hidden and "--help" not in parameter.opts:
            names = ", ".join(rf"\fB{_text(option)}\fR" for option in (*parameter.opts, *parameter.secondary_opts))
            value = parameter.display_type_rich(context) or ""
            yield from (".TP", f"{names} {_text(value)}".rstrip(), _text(" ".join((parameter.help or "").split())))


def _text(text: str) -> str:
    """A line that roff shows as it is."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", escaped)
