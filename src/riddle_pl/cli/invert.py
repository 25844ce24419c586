"""``riddle invert``: photos in tar archives to codes for training, shared by any number of processes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.archives import archives_in, own_share
from riddle_pl.cli.options import NOT_ALL_STATUS, PackSize, Part, Quiet, plural, say
from riddle_pl.device import check_device
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.packs import load_pack
from riddle_pl.photos.choices import INVERSIONS

app = typer.Typer(add_completion=False)


@app.command()
def invert(
    archives: Annotated[list[Path], typer.Argument(help="WebDataset shards, other .tar archives, folders of them.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the codes, a file for each archive.")],
    pack: Annotated[str, typer.Option(help="lite, mobile, ffhq256, ffhq1024, or the folder of a pack.")] = "lite",
    pack_size: PackSize = None,
    inversion: Annotated[str, typer.Option(help="encoder, refine or optimise.")] = "encoder",
    aligned: Annotated[bool, typer.Option("--aligned", help="The pictures are square FFHQ-style crops.")] = False,
    half: Annotated[bool, typer.Option("--half", help="Keep the codes in float16: half the space.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N; cuda takes the process's own.")] = "auto",
    batch_size: Annotated[int, typer.Option(min=1, help="Faces inverted together.")] = 32,
    workers: Annotated[int, typer.Option(min=0, help="Processes that find and align faces meanwhile.")] = 0,
    part: Part = None,
    spark: Annotated[
        str | None,
        typer.Option(metavar="MASTER", help="Run as tasks of a Spark cluster: spark://HOST:PORT, yarn or local[N]."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Invert again what is there.")] = False,
    quiet: Quiet = False,
) -> int:
    """Find the codes of photos in tar archives, for riddle-train data=codes.

    Archives that have their codes are skipped: an interrupted job continues when it is run again. Under torchrun or
    srun each process takes its part of the archives. Exit status: 0 if every picture has a code, 1 if some have none
    (the file of codes says which and why), 2 for errors.

    Examples: riddle invert photos/ -o codes/ --pack ffhq256 --workers 8

    srun riddle invert photos/ -o codes/ --pack ffhq256 --workers 8
    """
    from riddle_pl.launch import world_size

    if spark is not None and (part is not None or world_size() > 1):
        raise ConfigError("--spark shares the work itself; give it in one process, without --part")

    if inversion not in INVERSIONS:
        raise ConfigError(f"--inversion is {inversion!r}; choose from {', '.join(INVERSIONS)}")
    load_pack(pack, pack_size).require("generator", "encoder")
    check_device(device)
    own = own_share(archives_in(archives), part)

    from riddle_pl.data.code_shards import target_of
    from riddle_pl.data.invert_job import Done, InvertJob, invert_one, not_done
    from riddle_pl.files import require_writable_dir

    place = str(out.absolute() if spark else out)
    job = InvertJob(place, pack, pack_size, inversion, aligned, half, device, batch_size, workers)
    left = not_done(job, own, force)
    require_writable_dir(out, "folder of the codes", create=True)
    if done := len(own) - len(left):
        say(quiet, f"{plural(done, 'archive')} of {len(own)} had their codes already")
    all_done: Iterable[Done] = (invert_one(job, str(archive)) for archive in left)
    if spark is not None:
        from riddle_pl.data.spark import invert_on_spark

        all_done = invert_on_spark(job, left, spark)
    skipped, errors = 0, list[str]()
    for one in all_done:
        skipped += one.skipped
        if one.error is not None:
            errors.append(one.error)
            say(quiet, f"{one.archive}: FAILED: {one.error}")
        else:
            target = target_of(Path(one.archive), out)
            say(quiet, f"{target}: {plural(one.codes, 'code')}, {plural(one.skipped, 'picture')} without")
    if errors:
        raise DataError(f"{errors[0]} ({plural(len(errors), 'archive')} of {len(own)} failed)")
    return NOT_ALL_STATUS if skipped else 0
