"""Options that `riddle encrypt` and `riddle decrypt` share, and their messages."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from riddle_pl.device import check_device
from riddle_pl.errors import ConfigError
from riddle_pl.pack_names import named_folder

if TYPE_CHECKING:
    from rich.console import Console

    from riddle_pl.packs import Pack as LoadedPack

WIDTH_WITHOUT_TERMINAL = 200

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


def opened_pack(name_or_path: str | Path) -> "LoadedPack":
    """The pack of this name or folder; a name that leads nowhere is refused before the networks are imported.

    Raises:
        PackError: see :func:`riddle_pl.packs.load_pack`.
    """
    named_folder(name_or_path)

    from riddle_pl.packs import load_pack

    return load_pack(name_or_path)


def check_names(pack: str | None, device: str, settings: Sequence[str] | None) -> None:
    """Refuses a pack, a device or a setting that nothing is called, before what takes long is imported.

    Raises:
        PackError, DeviceError, ConfigError: one line with the choices.
    """
    if pack is not None:
        named_folder(pack)
    check_device(device)
    if settings:
        _check_settings(settings)


def _check_settings(settings: Sequence[str]) -> None:
    """Of values the kind alone: their ranges are those of classes, which are imported later."""
    from omegaconf import OmegaConf

    from riddle_pl.config.compose import compose_jobs
    from riddle_pl.photos.choices import FOR_PADDED

    before: tuple[str, ...] = ()
    try:
        (cfg,) = compose_jobs("pseudonymise", settings)
    except ConfigError:  # which encryptor it will be, the pack says
        before = FOR_PADDED
        (cfg,) = compose_jobs("pseudonymise", [*before, *settings])
    keys = [text.partition("=")[0] for text in settings]
    options = [text for text, key in zip(settings, keys, strict=True) if "." not in key]
    (usual,) = compose_jobs("pseudonymise", [*before, *options])
    for key in keys:
        expected, value = OmegaConf.select(usual, key), OmegaConf.select(cfg, key)
        if isinstance(expected, int | float) and not isinstance(value, int | float):
            raise ConfigError(f"{key}={value} is a {type(value).__name__}; expected a number, such as {expected}")


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
