"""``riddle measure``: measures de-identification and recovery of the photo pipeline on given photos."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import Device, Pack, PackSize, Quiet, Settings, check_names, say

app = typer.Typer(add_completion=False)


@app.command()
def measure(
    photos: Annotated[list[Path], typer.Argument(help="Folders and .tar archives of photos.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the report.")] = Path("measured"),
    crops: Annotated[
        bool, typer.Option("--crops", help="They are aligned face crops: lay them on photos without people first.")
    ] = False,
    count: Annotated[int, typer.Option(help="Photos to take, at random.", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="Of photos, passwords and intervals.", min=0)] = 0,
    calibrate_on: Annotated[
        Path | None,
        typer.Option(help="Folder of LFW (lfw_128.tar, lfw_pairs.txt) for the judge's threshold; takes minutes once."),
    ] = None,
    pack: Pack = None,
    pack_size: PackSize = None,
    encryptor: Annotated[str | None, typer.Option(help="Role of the encryptor in the pack.")] = None,
    settings: Settings = None,
    device: Device = "cpu",
    quiet: Quiet = False,
) -> None:
    """Measure on photos of yours how many faces are found, passed and refused by the gate, and what comes back.

    Every photo is encrypted, recovered, and decrypted with a wrong password, in memory; dlib (or, without the extra
    [dlib], the pack's recogniser, which flatters) says who is taken for whom. Writes OUT/table.md and OUT/report.json.

    Example: riddle measure holiday/ --count 200 -o measured
    """
    # What can be refused without the networks is refused before they are imported, which takes seconds.
    from riddle_pl.errors import DataError

    check_names(pack, device, settings, pack_size, encryptor)
    for path in (*photos, *([calibrate_on] if calibrate_on else [])):
        if not path.exists():
            raise DataError(f"{path} does not exist; check the path")

    from riddle_pl.evaluation.photos.report import tables
    from riddle_pl.evaluation.photos.run import PhotoOrder, run_measurement
    from riddle_pl.evaluation.report.outputs import page, require_own_report, write_report

    require_own_report(out)
    order = PhotoOrder(
        photos=tuple(photos),
        out=out,
        crops=crops,
        count=count,
        seed=seed,
        calibrate_on=calibrate_on,
        pack=pack,
        pack_size=pack_size,
        encryptor=encryptor,
        pipeline=tuple(settings or ()),
        device=device,
        quiet=quiet,
    )
    report = run_measurement(order)
    written = write_report(report, tables(report), out)
    say(quiet, page(report, tables(report)))
    for path in written:
        say(quiet, f"written: {path}")
