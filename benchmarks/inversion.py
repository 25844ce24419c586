"""Times `riddle invert` against the encoder alone: ``python -m benchmarks.inversion --pack lite``.

Both invert the same aligned faces, the one from JPEG files in tar archives to files of codes, the other from tensors in
memory to nothing. They take turns, round by round, so that a machine that slows down slows both. CPU seconds are those
of this process: beside other work they say more than wall seconds, and they leave out what ``--workers`` spend.
"""

import argparse
import io
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from benchmarks.training_step import positive
from riddle_pl.data.code_shards import invert_archive
from riddle_pl.data.sources import TarSource
from riddle_pl.device import hardware_name
from riddle_pl.errors import run_cli
from riddle_pl.faces.crop import FaceCropper
from riddle_pl.inversion import EncoderInversion, Inversion
from riddle_pl.packs import load_pack


def write_archives(folder: Path, archives: int, photos: int, size: int) -> list[Path]:
    """Archives of smooth pictures with a little noise, as JPEG files of about the size of a photo's."""
    rng = np.random.default_rng(0)
    paths = [folder / f"{number:04d}.tar" for number in range(archives)]
    for path in paths:
        with tarfile.open(path, "w") as tar:
            for number in range(photos):
                coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
                smooth = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC), dtype=np.int16)
                noisy = (smooth + rng.integers(-8, 9, smooth.shape)).clip(0, 255).astype(np.uint8)
                buffer = io.BytesIO()
                Image.fromarray(noisy).save(buffer, "JPEG", quality=92)
                member = tarfile.TarInfo(f"{number:05d}.jpg")
                member.size = buffer.tell()
                buffer.seek(0)
                tar.addfile(member, buffer)
    return paths


def faces_of(archives: Sequence[Path], size: int) -> Float[Tensor, "n 3 size size"]:
    """The faces of all archives."""
    cropper, faces = FaceCropper(aligned=True), []
    for archive in archives:
        source = TarSource(archive)
        faces += [cropper(source.read(key), key, size) for key in source.list_keys()]
    return torch.cat(faces)


@dataclass(frozen=True)
class Took:
    """Seconds of one way."""

    wall: float
    cpu: float


def time_both(
    inversion: Inversion, archives: Sequence[Path], batch_size: int, workers: int, rounds: int
) -> list[tuple[Took, Took]]:
    """What the encoder alone and the whole took, a pair for each round after one that warms up."""
    faces = faces_of(archives, inversion.pack.size)
    cropper = FaceCropper(aligned=True)

    def alone() -> None:
        for batch in faces.split(batch_size):
            inversion(batch)

    def whole() -> None:
        for archive in archives:
            invert_archive(archive, archive.with_suffix(".safetensors"), inversion, cropper, batch_size, workers)

    ways = (alone, whole)
    done = []
    for number in range(rounds + 1):
        order = ways if number % 2 else ways[::-1]
        took = {way: _seconds(way) for way in order}
        done.append((took[alone], took[whole]))
    return done[1:]


def _seconds(way: Callable[[], None]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    way()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line; prints a Markdown table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inversion", description="Time riddle invert against the encoder alone."
    )
    parser.add_argument("--pack", default="lite", help="name or folder (default lite)")
    parser.add_argument("--archives", type=positive, default=2, help="(default 2)")
    parser.add_argument("--photos", type=positive, default=128, help="of each archive (default 128)")
    parser.add_argument("--batch-size", type=positive, default=32, help="faces inverted together (default 32)")
    parser.add_argument("--workers", type=int, default=0, help="processes that read photos (default 0: a thread)")
    parser.add_argument("--rounds", type=positive, default=5, help="of which the median is taken (default 5)")
    parser.add_argument("--threads", type=positive, default=None, help="CPU threads (default: PyTorch's choice)")
    parser.add_argument("--device", default="auto", help="cpu, auto, cuda or cuda:N (default auto)")
    args = parser.parse_args(argv)
    run_cli(lambda: _bench(args))


def _bench(args: argparse.Namespace) -> None:
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    pack = load_pack(args.pack)
    inversion = EncoderInversion(pack, args.device)
    inversion.prepare()
    with tempfile.TemporaryDirectory() as folder:
        archives = write_archives(Path(folder), args.archives, args.photos, pack.size)
        done = time_both(inversion, archives, args.batch_size, args.workers, args.rounds)
    photos = args.archives * args.photos
    print(
        f"pack {pack.name}, {photos} photos of {pack.size} px in {args.archives} archives, batch {args.batch_size}, "
        f"{hardware_name(inversion.device)}, workers {args.workers}, torch {torch.__version__}, {args.rounds} rounds\n"
    )
    print("| | photos a second |\n|---|---:|")
    for name, ways in zip(("the encoder alone", "riddle invert"), zip(*done, strict=True), strict=True):
        print(f"| {name} | {photos / statistics.median(one.wall for one in ways):.1f} |")
    for name, ratios in (("wall", [a.wall / b.wall for a, b in done]), ("CPU", [a.cpu / b.cpu for a, b in done])):
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"\nof the encoder's rate, {name} time: median {statistics.median(ratios):.2f}, {spread}")


if __name__ == "__main__":
    main()
