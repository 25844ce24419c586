"""Options that `riddle encrypt` and `riddle decrypt` share, and their messages."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from riddle_pl.device import check_device
from riddle_pl.errors import ConfigError, PackError
from riddle_pl.packs import choose_pack, load_pack, pack_names
from riddle_pl.photos.choices import FOR_PADDED

if TYPE_CHECKING:
    from rich.console import Console

WIDTH_WITHOUT_TERMINAL = 200
NOT_ALL_STATUS = 1
"""Exit status where a part of what was asked for was not done; a line says what."""

Pack = Annotated[
    str | None,
    typer.Option(
        help="lite, mobile, ffhq256, ffhq1024, or a folder with a manifest.json; by default mobile where its generator "
        "was fetched (riddle weights fetch --pack mobile), else lite."
    ),
]
RecordsPack = Annotated[
    str | None,
    typer.Option(help="lite, mobile, ffhq256, ffhq1024, or a folder with a manifest.json; by default the record's."),
]
PackSize = Annotated[
    int | None, typer.Option(help="Side in pixels of the faces to draw: 128, 256 or 1024 with the pack mobile.")
]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:N or auto.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="File that holds the password (UTF-8; one newline at its end is dropped).")
]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting of conf/pseudonymise.yaml: gate.min_face=40, mask=oval, ..."),
]
FacePasswords = Annotated[
    list[str] | None, typer.Option(help="INDEX=FILE: another password for one face; may be given several times.")
]
BatchSize = Annotated[int, typer.Option(min=1, help="Photos, and faces, that are worked on together.")]
Jobs = Annotated[int, typer.Option(min=1, help="Threads that read and write photos.")]
SyntheticNote = Annotated[
    bool, typer.Option("--synthetic-note/--no-synthetic-note", help="Say in the picture that a face is synthetic.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Write over what riddle wrote before under these names; never over other files.")
]
Quality = Annotated[
    int | None,
    typer.Option(min=1, max=100, help="Of JPEG and WebP pictures; by default as the photo's own file, else 95."),
]
MaxSize = Annotated[
    int | None,
    typer.Option(min=16, help="Longest side of the pictures in pixels; larger photos are made smaller first."),
]
Part = Annotated[
    str | None,
    typer.Option(help="I/N: of .tar archives only part I of N, from 0; by default as torchrun or srun say."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print warnings and errors only.")]


def check_names(
    pack: str | None,
    device: str,
    settings: Sequence[str] | None,
    pack_size: int | None = None,
    encryptor: str | None = None,
    of_record: bool = False,
) -> None:
    """Refuses a pack, a size, an encryptor, a device or a setting that is not there, before PyTorch is imported.

    Args:
        of_record: the pack and its encryptor are those of a record, unless a pack is given.

    Raises:
        PackError, DeviceError, ConfigError: one line with the choices.
    """
    check_device(device)
    if not of_record:
        opened = choose_pack(pack, pack_size)
        role = opened.encryptor_for_photos(encryptor)
        opened.require("generator", role)
        _check_settings(settings or (), [FOR_PADDED if opened.entry(role).arch == "padded" else ()])
        return
    if pack is not None:
        load_pack(pack, pack_size)
    elif pack_size is not None:
        sizes = sorted({size for name in pack_names() for size in load_pack(name).manifest.sizes})
        if pack_size not in sizes:
            raise PackError(f"--pack-size {pack_size}: no pack draws this size; choose {', '.join(map(str, sizes))}")
    _check_settings(settings or (), [(), FOR_PADDED])


def _check_settings(settings: Sequence[str], usual: Sequence[tuple[str, ...]]) -> None:
    """Args: ``usual``: what may come before the settings; they fit one of these."""
    if not settings:
        return
    from riddle_pl.config.compose import compose_jobs
    from riddle_pl.config.ranges import check_ranges

    for last, before in enumerate(usual, 1):
        try:
            (cfg,) = compose_jobs("pseudonymise", [*before, *settings])
            break
        except ConfigError:
            if last == len(usual):
                raise
    check_ranges(cfg)


@contextmanager
def working(what: str, quiet: bool) -> Iterator[None]:
    """Shows a spinner while something takes long; nothing if quiet or without a terminal."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ..."):
        yield


def say(quiet: bool, line: str, file: TextIO | None = None) -> None:
    """One line on standard output, or elsewhere."""
    if not quiet:
        print(line, file=file, flush=True)


def console() -> "Console":
    """For tables: as wide as the terminal, or wide enough for a file."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=WIDTH_WITHOUT_TERMINAL)


def plural(count: int, noun: str, many: str | None = None) -> str:
    """``1 photo``, ``2 photos``; ``many`` is the form of several where that is not an added s."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {many or noun + 's'}"


def warn(line: str) -> None:
    """One line on standard error, even if quiet."""
    print(f"warning: {line}", file=sys.stderr, flush=True)
