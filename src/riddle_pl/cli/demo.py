"""``riddle demo``: inverts, encrypts and recovers faces, and draws one picture of it."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import Quiet
from riddle_pl.packs import choose_pack

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("demo_output"),
    pack: Annotated[
        str | None,
        typer.Option(
            help="lite, mobile, ffhq256, ffhq1024, or a folder with a manifest.json.",
            show_default="mobile where it was fetched, else lite",
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Training steps before that.", min=0, show_default="40 with the pack lite, else 0"),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Of salt, drawn people and training: the same seed, the same picture.", min=0)
    ] = 0,
    quiet: Quiet = False,
) -> None:
    """Invert faces, encrypt them with two passwords, recover them, and try two wrong passwords.

    Writes OUT/demo.jpg (a row per person: photo, inversion, encrypted with two passwords, recovered, two wrong
    passwords) and prints what a recogniser says to the images. With the pack mobile also OUT/photos.jpg: the same
    people's whole photos, as riddle encrypt and riddle decrypt leave them.

    With the pack mobile the faces are selfies of synthetic people out of the package openpeople (MIT licence), which
    pip downloads the first time, as it is configured here, and does not install. With the pack lite they are an
    astronaut, whose whole photo is written too, and drawn people, after a short training run; nothing is downloaded.

    Examples: riddle demo

    riddle demo --pack lite --steps 40 --out demo_output
    """
    choose_pack(pack)  # before the networks are imported, which takes seconds

    from riddle_pl.demo.run import run_demo

    run_demo(out, steps, pack, seed, quiet)
