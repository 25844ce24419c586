"""Where the time of `riddle encrypt` goes, by stage: ``OMP_NUM_THREADS=1 python -m benchmarks.stages``.

Photos of a megapixel with one face each (see :mod:`benchmarks.photos`), one at a time, networks loaded.
Seconds are CPU time of the thread that runs a stage: medians over rounds, in which the pipeline as it is and the one
with ``--against`` take turns.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.photos import encrypt, write_photos
from benchmarks.training_step import positive
from riddle_pl.errors import run_cli
from riddle_pl.packs import load_pack
from riddle_pl.photos import encryption
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.jobs.plan import plan_encryption
from riddle_pl.photos.paste.layers import Brush
from riddle_pl.photos.pseudonymise import Pseudonymiser

Seconds = dict[str, float]
WHOLE = "all, file to file"


def stages(pipeline: Pseudonymiser) -> dict[str, tuple[object, str]]:
    """What is timed: an object's or a module's function, by the name of its stage. None of them contains another."""
    coder = pipeline.coder
    return {
        "key of the password": (encryption, "derive_key"),
        "faces of the photo, before and after": (pipeline.detector, "detect"),
        "outlines of the photo's face": (Brush, "regions"),
        "inversion and its check": (encryption, "invert"),
        "candidates: codes": (coder, "encrypt"),
        "candidates: drawing": (coder, "sketch"),
        "candidates: choice": (pipeline.nonces, "best"),
        "drawing at full size": (coder, "synthesise_for"),
        "fitting to the head": (Brush, "layer"),
        "pasting": (encryption, "_compose"),
        "verdict on the face": (encryption, "_judge"),
        "last look, but for the detector": (encryption, "_last_look"),
    }


def timed(function: Callable[..., Any], name: str, seconds: Seconds) -> Callable[..., Any]:
    """The function, which adds the CPU time of its thread to ``seconds``."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        start = time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[name] += time.thread_time() - start

    return run


def measure(pipeline: Pseudonymiser, folder: Path, out: Path) -> Seconds:
    """CPU seconds by stage of the photos of a folder, one at a time."""
    seconds: Seconds = defaultdict(float)
    with ExitStack() as stack:
        for name, (owner, attribute) in stages(pipeline).items():
            stack.enter_context(patch.object(owner, attribute, timed(getattr(owner, attribute), name, seconds)))
        start = time.process_time()
        run = encrypt("photos", plan_encryption([folder], out).tasks, pipeline, 1, 1)
        seconds[WHOLE] = time.process_time() - start
    if run.protected < run.photos:
        raise SystemExit(f"error: {run.photos - run.protected} of {run.photos} photos were refused")
    return {name: value / run.photos for name, value in seconds.items()}


def table(rounds: Sequence[Sequence[Seconds]], against: str) -> str:
    """Medians, and ratios of the two."""
    lines = [f"| CPU seconds for one face | | {against} | times as fast |", "|---|---:|---:|---:|"]
    for name in rounds[0][0]:
        first, second = (statistics.median(ways[number].get(name, 0.0) for ways in rounds) for number in range(2))
        lines.append(f"| {name} | {first:.2f} | {second:.2f} | {first / max(second, 1e-3):.2f} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line; prints the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stages",
        description="Time the stages of riddle encrypt, two pipelines in turns.",
        epilog="example: OMP_NUM_THREADS=1 python -m benchmarks.stages --against draw=openvino --rounds 5",
    )
    parser.add_argument("--pack", default="mobile", help="pack (default mobile)")
    parser.add_argument("--photos", type=positive, default=4, help="in a round (default 4)")
    parser.add_argument("--rounds", type=positive, default=3, help="in turns (default 3)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of both, as of riddle encrypt")
    parser.add_argument("--against", default="draw=openvino", metavar="KEY=VALUE", help="of the second pipeline")
    args = parser.parse_args(argv)
    run_cli(lambda: _bench(args.pack, args.photos, args.rounds, args.set, args.against))


def _bench(name: str, photos: int, rounds: int, settings: Sequence[str], against: str) -> None:
    torch.set_num_threads(1)
    pack = load_pack(name)
    ways = [build_pseudonymiser(pack, [*settings, *more]) for more in ([], [against])]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_photos(folder / "photos", photos)
        write_photos(folder / "warm-up", 1)
        for number, pipeline in enumerate(ways):
            measure(pipeline, folder / "warm-up", folder / f"warmed up {number}")
        found = [
            [measure(pipeline, folder / "photos", folder / f"{turn} {way}") for way, pipeline in enumerate(ways)]
            for turn in range(rounds)
        ]
    print(table(found, against))


if __name__ == "__main__":
    main()
