"""``riddle invert``: photos in tar archives to codes for training, shared by any number of processes."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import PackSize, Quiet, plural, say

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
    part: Annotated[
        str | None, typer.Option(help="I/N: only part I of N, from 0; by default as torchrun or srun say.")
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
    from riddle_pl.errors import ConfigError

    ways = ("encoder", "refine", "optimise")
    if inversion not in ways:
        raise ConfigError(f"--inversion is {inversion!r}; choose from {', '.join(ways)}")
    number, parts = _part(part)

    import torch

    from riddle_pl.data.code_shards import archives_in, fingerprint, invert_archive, is_done, part_of, target_of
    from riddle_pl.errors import DataError, one_line
    from riddle_pl.faces.crop import FaceCropper
    from riddle_pl.files import require_writable_dir
    from riddle_pl.inversion import EncoderInversion, OptimisedInversion, RefinedInversion
    from riddle_pl.launch import local_rank
    from riddle_pl.packs import load_pack

    own = part_of(archives_in(archives), number, parts)
    if device in ("auto", "cuda") and torch.cuda.device_count() > 1:
        device = f"cuda:{local_rank() % torch.cuda.device_count()}"
    kinds = {"encoder": EncoderInversion, "refine": RefinedInversion, "optimise": OptimisedInversion}
    way, cropper = kinds[inversion](load_pack(pack, pack_size), device), FaceCropper(aligned)
    way.check()
    require_writable_dir(out, "folder of the codes", create=True)
    made = fingerprint(way, cropper)
    left = [archive for archive in own if force or not is_done(target_of(archive, out), made)]
    if done := len(own) - len(left):
        say(quiet, f"{plural(done, 'archive')} of {len(own)} had their codes already")
    skipped, failed = 0, list[DataError]()
    for archive in left:
        try:
            dtype = torch.float16 if half else torch.float32
            found = invert_archive(archive, target_of(archive, out), way, cropper, batch_size, workers, dtype)
        except DataError as error:  # the other archives may be whole
            say(quiet, f"{archive}: FAILED: {one_line(error)}")
            failed.append(error)
            continue
        skipped += len(found.skipped)
        say(quiet, f"{target_of(archive, out)}: {plural(found.codes, 'code')}, {len(found.skipped)} pictures without")
    if failed:
        raise DataError(f"{one_line(failed[0])} ({plural(len(failed), 'archive')} of {len(own)} failed)")
    return 1 if skipped else 0


def _part(text: str | None) -> tuple[int, int]:
    """The number of this process and how many there are."""
    from riddle_pl.errors import ConfigError
    from riddle_pl.launch import rank, world_size

    if text is None:
        return rank(), world_size()
    number, slash, parts = text.partition("/")
    if not (slash and number.isdigit() and parts.isdigit() and int(number) < int(parts)):
        raise ConfigError(f"--part is {text!r}; expected I/N with I from 0 to N - 1, such as 0/64")
    return int(number), int(parts)
