"""``riddle packs``: list, show, make, extend and share model packs."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import Quiet, console, plural, say
from riddle_pl.errors import FileError, RiddleError, one_line
from riddle_pl.pack_names import MANIFEST_NAME
from riddle_pl.packs import Pack, load_pack, pack_names, read_manifest

app = typer.Typer(
    help="List, show, make, extend and share model packs.\n\n"
    "From training to photos: riddle packs new mine --from ffhq256\n\n"
    "riddle packs add mine encryptor RUN/checkpoints/last.ckpt\n\n"
    "riddle encrypt portrait.jpg --pack ./mine",
    add_completion=False,
)

Base = Annotated[str, typer.Argument(metavar="PACK", help="lite, mobile, ffhq256, ffhq1024, or the folder of a pack.")]
Folder = Annotated[Path, typer.Argument(help="The folder of a pack.")]
NewFolder = Annotated[Path, typer.Argument(help="Folder to make.")]
Name = Annotated[str | None, typer.Option(help="Name of the pack; the folder's by default.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there under this name.")]


@app.command("list")
def list_packs(
    where: Annotated[Path, typer.Argument(help="Look for packs of your own in this folder.")] = Path(),
) -> None:
    """Show the built-in packs, and those of your own that are folders here.

    Example: riddle packs list
    """
    from rich.markup import escape
    from rich.table import Table

    if not where.is_dir():
        raise FileError(f"{where} is no folder; give one that holds packs of your own, or none")
    table = Table()
    for column in ("pack", "image size", "layers", "networks", "encryptors for photos"):
        table.add_column(column)
    own = sorted(str(path.parent) for path in where.glob(f"*/{MANIFEST_NAME}"))
    for name in (*pack_names(), *own):
        try:
            pack = load_pack(Path(name) if name in own else name)
            there = sum(pack.has(role) and pack.expected_sha256(role) is not None for role in pack.roles)
            cells = [f"{pack.size} px", str(pack.num_layers), f"{there} of {len(pack.roles)} present"]
            ready = [role for role in pack.encryptors if pack.has(role)]
            table.add_row(escape(name), *cells, escape(", ".join(ready) or "none"))
        except RiddleError as error:
            table.add_row(escape(name), "", "", f"[red]unreadable[/red]: {escape(one_line(error))}", "")
    console().print(table)


@app.command()
def show(pack: Base) -> None:
    """Show every network of a pack: what it is, where it comes from, its licence and its hash.

    Example: riddle packs show ffhq256
    """
    opened = load_pack(pack)
    print(f"{opened.name}: {opened.size} px, {opened.num_layers} layers, in {opened.folder}")
    for role in opened.roles:
        entry, sha256 = opened.entry(role), opened.expected_sha256(role)
        kind = f"{entry.arch}, {entry.tokens} tokens" if entry.tokens else entry.arch
        print(f"\n{role}: {kind}, {'present' if opened.has(role) and sha256 else 'missing'}")
        for key, text in (
            ("file", str(opened.path(role))),
            ("sha256", sha256 or "not published; recorded when the file is imported"),
            ("licence", entry.license),
            ("origin", entry.origin),
        ):
            print(f"  {key}: {text}")


@app.command()
def new(
    folder: NewFolder,
    base: Annotated[str, typer.Option("--from", help="Pack to begin with; its files are used, not copied.")],
    name: Name = None,
    quiet: Quiet = False,
) -> None:
    """Make a pack of your own that uses the networks of another.

    Example: riddle packs new mine --from ffhq256
    """
    opened = load_pack(base)

    from riddle_pl.packs.own import new_pack

    manifest = new_pack(opened, folder, name)
    _tell_made(quiet, folder, opened, tuple(manifest.networks))


@app.command()
def copy(base: Base, folder: NewFolder, name: Name = None, quiet: Quiet = False) -> None:
    """Copy a pack with all its files, so that it needs no other pack.

    Example: riddle packs copy lite mine
    """
    opened = load_pack(base)

    from riddle_pl.packs.own import copy_pack

    manifest = copy_pack(opened, folder, name)
    _tell_made(quiet, folder, opened, tuple(manifest.networks))


@app.command()
def add(
    folder: Folder,
    role: Annotated[str, typer.Argument(help="encryptor, encryptor-mine, generator, ...")],
    file: Annotated[
        Path,
        typer.Argument(
            help="A run's checkpoints/last.ckpt, a network of another pack, or a public checkpoint of the pack's kind."
        ),
    ],
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Add a network to a pack of your own: a trained encryptor, a network of another pack, or a public checkpoint.

    Example: riddle packs add mine encryptor runs/mine/checkpoints/last.ckpt
    """
    from riddle_pl.packs.manifest import require_free_role
    from riddle_pl.packs.own import REPLACE, add_network

    read_manifest(folder / MANIFEST_NAME)  # says what is missing
    require_free_role(folder, role, force, REPLACE)
    if file.suffix != ".safetensors" and _is_run(file):
        from riddle_pl.figures.training_log import find_training_log
        from riddle_pl.training.curves import write_curves
        from riddle_pl.training.export import export_encryptor

        entry = export_encryptor(file, folder, role, overwrite=force)
        log = find_training_log(file)
        write_curves([] if log is None else [log], folder, role)
    else:
        entry = add_network(folder, role, file, overwrite=force)
    say(quiet, f"{folder}: {role} is now {file} ({entry.arch}, sha256 {entry.sha256})")
    if entry.tokens is not None:
        say(quiet, f"to use it: riddle encrypt PHOTO --pack {_argument(folder)} --encryptor {role}")


@app.command()
def share(
    folder: Folder,
    archive: Annotated[Path, typer.Argument(help="One file to write, NAME.zip.")],
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a pack of your own as one file, with its cards and the hash of each file.

    Networks of built-in packs are named by their hash and not put in; `riddle packs copy` makes a pack that has them.
    Read their licences (riddle packs show) before you give them away.

    Example: riddle packs share mine mine.zip
    """
    opened = load_pack(folder)
    if archive.exists() and not force:
        raise FileError(f"{archive} exists already; --force replaces it")

    from riddle_pl.packs.share import share_pack

    left = share_pack(opened, archive, overwrite=force)
    say(quiet, f"{archive}: pack {opened.name}, {archive.stat().st_size / 1e6:,.1f} MB")
    for role in left:
        entry = opened.entry(role)
        say(quiet, f"not in it: {role}, {f'of pack {entry.pack}' if entry.pack else 'which is fetched'}")


@app.command("open")
def open_(
    archive: Annotated[Path, typer.Argument(help="A file of `riddle packs share`.")],
    folder: NewFolder,
    quiet: Quiet = False,
) -> None:
    """Unpack a shared pack and check the hash of each file; nothing in it is run.

    Example: riddle packs open mine.zip mine
    """
    from riddle_pl.packs.share import open_archive

    manifest = open_archive(archive, folder)
    opened = load_pack(folder)
    say(quiet, f"{folder}: pack {manifest.name}, {plural(len(manifest.networks), 'network')}; every hash is right")
    for role in opened.roles:
        if not opened.has(role):
            entry = opened.entry(role)
            how = f"riddle weights import {entry.file} FILE --pack {entry.pack}"
            if entry.url is not None:
                how = f"riddle weights fetch {role} --pack {_argument(folder)}"
            say(quiet, f"missing: {role}; {how}")


def _is_run(file: Path) -> bool:
    from riddle_pl.networks.formats.checkpoint_files import read_checkpoint
    from riddle_pl.training.origin import CHECKPOINT_KEY

    return CHECKPOINT_KEY in read_checkpoint(file)


def _tell_made(quiet: bool, folder: Path, base: Pack, roles: tuple[str, ...]) -> None:
    say(quiet, f"{folder}: {plural(len(roles), 'network')} of pack {base.name}")
    if left := [role for role in base.roles if role not in roles]:
        say(quiet, f"left out, since their files are not there: {', '.join(left)} (riddle packs show {base.address})")


def _argument(folder: Path) -> str:
    """The folder as ``--pack`` takes it: with a separator, so that it is no name."""
    return str(folder) if folder.is_absolute() or len(folder.parts) > 1 else f"./{folder}"
