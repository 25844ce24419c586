"""``riddle export``: the networks of a pack as ONNX files."""

import os
from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import PackSize, Quiet, say
from riddle_pl.packs import load_pack

app = typer.Typer(add_completion=False)


@app.command()
def export(
    pack: Annotated[str, typer.Argument(help="lite, mobile, ffhq256, ffhq1024, or the folder of a pack.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files.")],
    role: Annotated[
        list[str] | None, typer.Option(help="Only this network; by default generator, encoder, encryptors, code model.")
    ] = None,
    pack_size: PackSize = None,
    time: Annotated[bool, typer.Option("--time", help="Time each file against torch, on the CPU.")] = False,
    batch: Annotated[int, typer.Option(min=1, help="Faces in a timed call.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="Threads of a timed call.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Timed calls, of which the median is shown.")] = 9,
    force: Annotated[bool, typer.Option("--force", help="Replace files of these names.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write the networks of a pack as ONNX files, each compared with torch before it is kept.

    Inputs and outputs have names (w, w_pwd, image, ...) and take any number of faces. A file whose numbers in
    onnxruntime differ by more than 1e-4 of the largest is an error and is not kept. Needs: pip install
    'riddle-pl[onnx]'.

    Example: riddle export lite -o lite-onnx --time
    """
    from riddle_pl.errors import FileError, PackError
    from riddle_pl.files import require_writable_dir

    opened = load_pack(pack, pack_size)  # before the networks are imported, which takes seconds
    roles = tuple(role or opened.exportable)
    if left := [name for name in roles if name not in opened.exportable]:
        raise PackError(f"{left[0]} cannot be exported; pack {opened.name} has {', '.join(opened.exportable)}")
    opened.require(*roles)

    from riddle_pl.packs.onnx_files import require_onnx, time_part, write_onnx
    from riddle_pl.packs.onnx_parts import parts_of

    require_onnx()
    opened.check(*roles)
    require_writable_dir(out, "folder of the files", create=True)
    for name in roles:
        parts = parts_of(opened, name)
        for part, other, timed in zip(
            parts, parts_of(opened, name, 3, 7), parts_of(opened, name, batch, 7), strict=True
        ):
            path = out / f"{part.name}.onnx"
            if path.exists() and not force:
                raise FileError(f"{path} exists already; give another folder, or --force to replace it")
            difference = write_onnx(part, opened, path, other, force)
            line = f"{path}: {path.stat().st_size / 1e6:,.1f} MB, differs from torch by {difference:.0e}"
            if time:
                took = time_part(timed, path, rounds, threads)
                ratio = took.torch / took.onnx
                line += (
                    f"; torch {took.torch * 1e3:,.1f} ms, onnxruntime {took.onnx * 1e3:,.1f} ms ({ratio:.2f} times as "
                    f"fast; {batch} at once, {threads} thread{'s' * (threads > 1)} of {os.cpu_count()})"
                )
            say(quiet, line)
