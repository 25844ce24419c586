"""``riddle demo``: a short training run, then faces encrypted and recovered; one picture."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import Pack, Quiet

app = typer.Typer(add_completion=False)

STEPS = 40
"""Enough for the losses to fall; with the lite pack the whole demo took 33 s on two idle CPU cores."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("demo_output"),
    steps: Annotated[int, typer.Option(help="Training steps; 0 leaves the training out.", min=0)] = STEPS,
    pack: Pack = "lite",
    seed: Annotated[
        int, typer.Option(help="Of people, training and salt: the same seed, the same picture.", min=0)
    ] = 0,
    quiet: Quiet = False,
) -> None:
    """Train an encryptor for a moment, then encrypt and recover faces with the shipped one.

    Writes OUT/demo.png (a row per person: photo, inversion, encrypted with two passwords, recovered, two wrong
    passwords) and the astronaut's photo, encrypted and recovered.

    Example: riddle demo --out demo_output --steps 40
    """
    from riddle_pl.demo.run import run_demo

    run_demo(out, steps, pack, seed, quiet)
