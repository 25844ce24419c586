"""``riddle preview``: what riddle encrypt would find in photos, drawn on a copy of each."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import Device, Force, MaxSize, Pack, PackSize, Quiet, Settings, check_names, say, warn

app = typer.Typer(add_completion=False)


@app.command()
def preview(
    photos: Annotated[list[Path], typer.Argument(help="Photos, and folders of photos.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Picture to write, or folder; PHOTO_preview.EXT beside PHOTO by default."),
    ] = None,
    pack: Pack = None,
    pack_size: PackSize = None,
    encryptor: Annotated[str | None, typer.Option(help="Role of the encryptor in the pack.")] = None,
    settings: Settings = None,
    device: Device = "cpu",
    max_size: MaxSize = None,
    force: Force = False,
    quiet: Quiet = False,
) -> int:
    """Draw on a copy of each photo where faces are found, their indices, and what the gate says of each.

    Needs no password and encrypts nothing: the copies show the real faces. Whether a face is still recognised once it
    is encrypted is only known then. Exit status: 0 if all photos were looked at, 1 if some of several could not be, 2
    for errors.

    Example: riddle preview group.jpg
    """
    # What can be refused without the networks is refused before they are imported, which takes seconds.
    from riddle_pl.cli.options import NOT_ALL_STATUS, plural, working
    from riddle_pl.errors import PhotoError, one_line
    from riddle_pl.files import require_file
    from riddle_pl.photos.jobs.outputs import check_picture
    from riddle_pl.photos.jobs.plan import PREVIEW, plan_encryption
    from riddle_pl.process import track

    check_names(pack, device, settings, pack_size, encryptor)
    if len(photos) == 1 and not photos[0].is_dir():
        require_file(photos[0], "photo", PhotoError)
    plan = plan_encryption(photos, out, ending=PREVIEW)
    for task in plan.tasks:
        if task.picture.parent.is_dir():
            check_picture(task.picture, force)
    with working("loading the networks", quiet):
        from riddle_pl.device import resolve_device
        from riddle_pl.packs import choose_pack
        from riddle_pl.photos.build import build_pseudonymiser
        from riddle_pl.photos.jobs.previews import write_preview

        told: list[str] = []
        opened = choose_pack(pack, pack_size, told.append)
        pseudonymiser = build_pseudonymiser(opened, settings or (), encryptor, resolve_device(device))
        pseudonymiser.prepare()
    for line in told:
        warn(line)
    failed, several = 0, len(plan.tasks) > 1
    for task in track(plan.tasks, len(plan.tasks), "looking", quiet, lambda task: task.photo.name):
        try:
            reports = write_preview(task, pseudonymiser, max_size, force)
        except PhotoError as error:
            if not several:
                raise
            failed += 1
            warn(f"left out: {one_line(error)}")
            continue
        say(quiet, f"{task.picture}: {plural(len(reports), 'face')}")
        for report in reports:
            said = "passes so far" if report.refusal is None else f"is refused: {report.refusal.detail}"
            say(quiet, f"  face {report.index} ({report.face.where()}) {said}")
    return NOT_ALL_STATUS if failed else 0
