"""Times the photo pipeline from file to file: ``python -m benchmarks.photos``.

The photos are made of scikit-image's portrait of an astronaut, which comes with a dependency: one face each, enlarged
to a megapixel, mirrored or not, moved and lit a little differently. They go the way of ``riddle encrypt``, reading
and writing JPEG files, in two ways: all of a folder in batches, and one at a time with loaded networks. The memory of
the process is printed as the folder's job goes on; it should not grow with the number of photos.
"""

import argparse
import gc
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image
from skimage.data import astronaut

from benchmarks.training_step import positive
from riddle_pl.device import resolve_device
from riddle_pl.errors import run_cli
from riddle_pl.packs import load_pack
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.choices import OnFailure
from riddle_pl.photos.jobs.encrypt import Orders, encrypt_all
from riddle_pl.photos.jobs.outcome import Status
from riddle_pl.photos.jobs.plan import Task, plan_encryption
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.process import share_one_heap

SIDE = 1024
"""Pixels; squared, a megapixel."""
LARGEST_MOVE = 40
WARM_UP = 2
KIB_PER_MIB = 1024


@dataclass(frozen=True)
class Run:
    """One way through all photos."""

    name: str
    photos: int
    protected: int
    seconds: float

    def __str__(self) -> str:
        rate = self.photos / self.seconds
        return f"{self.name}: {rate:.2f} photos a second ({self.photos} photos, {self.protected} of them encrypted)"


def write_photos(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """``count`` different JPEG files of ``SIDE`` x ``SIDE`` pixels with one face each."""
    folder.mkdir()
    portrait = Image.fromarray(astronaut()).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        pixels = np.roll(np.asarray(portrait), rng.integers(-LARGEST_MOVE, LARGEST_MOVE, 2), axis=(0, 1))
        pixels = pixels[:, ::-1] if rng.random() < 0.5 else pixels
        lit = np.clip(pixels * rng.uniform(0.85, 1.15), 0, 255).astype(np.uint8)
        paths.append(folder / f"{number:05d}.jpg")
        Image.fromarray(lit).save(paths[-1], quality=95)
    return paths


def encrypt(
    name: str,
    tasks: Sequence[Task],
    pseudonymiser: Pseudonymiser,
    batch_size: int,
    jobs: int,
    seen: Callable[[int], None] = lambda done: None,
) -> Run:
    """Encrypts the tasks as a folder's job does.

    Args:
        seen: is told the number of finished photos after each.
    """
    orders = Orders(password="a password of the benchmark", on_failure=OnFailure.SOLID)
    protected = 0
    start = time.perf_counter()
    for done, outcome in enumerate(encrypt_all(tasks, pseudonymiser, orders, batch_size, jobs), start=1):
        protected += outcome.status is Status.ENCRYPTED
        seen(done)
    return Run(name, len(tasks), protected, time.perf_counter() - start)


def resident_mib() -> float:
    """Memory of this process that is in RAM now, in MiB (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / KIB_PER_MIB


def memory_at_quarters(count: int) -> Callable[[int], None]:
    """Prints the memory when a quarter, half, ... of ``count`` photos are finished."""
    quarters = {max(1, count * quarter // 4) for quarter in range(1, 5)}

    def report(done: int) -> None:
        if done in quarters:
            gc.collect()
            print(f"  after {done} photos: {resident_mib():.0f} MiB")

    return report


def main(argv: Sequence[str] | None = None) -> None:
    """Command line; prints the rates and the memory."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.photos",
        description="Time riddle encrypt on photos of a megapixel with one face each, lite pack.",
        epilog="example: python -m benchmarks.photos --photos 1000",
    )
    parser.add_argument("--photos", type=positive, default=48, help="in the folder (default 48)")
    parser.add_argument("--singles", type=positive, default=12, help="encrypted one at a time (default 12)")
    parser.add_argument("--batch-size", type=positive, default=8, help="as of riddle encrypt (default 8)")
    parser.add_argument("--jobs", type=positive, default=2, help="as of riddle encrypt (default 2)")
    parser.add_argument("--device", default="cpu", help="cpu, auto, cuda or cuda:N (default cpu)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of riddle encrypt")
    args = parser.parse_args(argv)
    run_cli(lambda: _bench(args.photos, args.singles, args.batch_size, args.jobs, args.device, args.set))


def _bench(photos: int, singles: int, batch_size: int, jobs: int, device: str, settings: Sequence[str]) -> None:
    share_one_heap()
    start = time.perf_counter()
    pseudonymiser = build_pseudonymiser(load_pack("lite"), settings, "encryptor", resolve_device(device), batch_size)
    pseudonymiser.coder.prepare()
    print(f"loading: {time.perf_counter() - start:.2f} s; {os.cpu_count()} cores, {torch.get_num_threads()} threads")
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        plans = {}
        for name, count in (("warm-up", WARM_UP), ("in batches", photos), ("one at a time", singles)):
            write_photos(folder / name, count)
            plans[name] = plan_encryption([folder / name], folder / f"{name}, encrypted").tasks
        encrypt("warm-up", plans["warm-up"], pseudonymiser, batch_size, jobs)
        print(encrypt("in batches", plans["in batches"], pseudonymiser, batch_size, jobs, memory_at_quarters(photos)))
        runs = [encrypt("one", [task], pseudonymiser, 1, 1) for task in plans["one at a time"]]
        protected, seconds = sum(run.protected for run in runs), sum(run.seconds for run in runs)
        print(Run("one at a time", singles, protected, seconds))


if __name__ == "__main__":
    main()
