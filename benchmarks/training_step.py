"""Times one training step (forward and backward) against the plain step: ``python -m benchmarks.training_step``.

Both run alternately in one process on the same full-size networks with random weights, at 256 px: StyleGAN2, IR-SE-50,
VGG-16, the parser U-Net and the paper's encryptor. No download, no data. On a loaded machine the CPU seconds of the
process say more than the wall seconds; the spread of the ratios over the rounds shows how far to trust them.

The system's allocator counts: glibc's default returns large blocks to the system after each use, and both steps then
spend much of their time on mapping memory. ``make bench`` tells glibc to keep them, and to ask for huge pages, for both
alike; the first line of the output says what was set.
"""

import argparse
import gc
import os
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.plain_step import plain_loss, plain_networks
from riddle_pl.device import resolve_device
from riddle_pl.errors import RiddleError, run_cli
from riddle_pl.losses import RiddleLoss, build_loss
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.networks.irse import IRSE50
from riddle_pl.networks.lpips_features import LPIPSFeatures
from riddle_pl.networks.parser_unet import FaceParserUNet
from riddle_pl.networks.recogniser import IRSE50_CROP, AlignedRecogniser
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.training.step import EncryptionStep

SIZE = 256
IRSE50_INPUT = (112, 112)
MARGIN = 0.1
WEIGHTS = {
    "deidentification": 1.0,
    "recovery": 1.0,
    "wrong_password": 1.0,
    "diversity": 1.0,
    "pixel": 0.05,
    "perceptual": 1.0,
    "parse": 0.1,
    "latent": 0.01,
}
"""The terms and weights of conf/loss/paper.yaml."""

KIB_PER_GIB = 2**20  # Linux counts ru_maxrss in KiB

TOLERANCE = 1e-3
"""Largest relative difference of the two float32 losses; the tests hold them to 1e-9 in float64."""


@dataclass(frozen=True)
class Timing:
    """One run of one step: wall seconds, CPU seconds of all threads, loss."""

    wall: float
    cpu: float
    loss: float


@dataclass(frozen=True)
class Round:
    """Both steps, one right after the other."""

    plain: Timing
    fast: Timing

    @property
    def ratio(self) -> float:
        return self.plain.wall / self.fast.wall

    @property
    def cpu_ratio(self) -> float:
        return self.plain.cpu / self.fast.cpu


@dataclass(frozen=True)
class Steps:
    """The same networks for both steps; the plain one's are in the authors' form (``benchmarks.plain_step``)."""

    fast: EncryptionStep
    plain: EncryptionStep
    loss: RiddleLoss
    generator: Generator

    def run_fast(self, codes: Sequence[Tensor]) -> Tensor:
        total: Tensor = self.loss(self.fast(*codes))[0]
        return total

    def run_plain(self, codes: Sequence[Tensor]) -> Tensor:
        return plain_loss(self.plain, codes, WEIGHTS, MARGIN)


def bench_loss() -> RiddleLoss:
    """The loss of :data:`WEIGHTS`, with the margin and all classes as the plain step has them."""
    margins = ("deidentification", "wrong_password", "diversity")
    return build_loss(
        {name: {"weight": weight} | ({"margin": MARGIN} if name in margins else {}) for name, weight in WEIGHTS.items()}
    )


def make_steps(fast: EncryptionStep, generator: Generator) -> Steps:
    """Freezes the networks as training does, and adds the plain step's form of them."""
    for network in (generator, fast.recogniser, fast.perceptual, fast.parser):
        if network is not None:
            network.eval().requires_grad_(False)
    fast.encryptor.eval()  # dropout would give the two steps different masks
    return Steps(fast, plain_networks(fast, generator), bench_loss(), generator)


def full_size_steps(device: torch.device) -> Steps:
    """The networks of the paper's setting at 256 px, random weights from seed 0."""
    torch.manual_seed(0)
    generator = Generator(SIZE)
    step = EncryptionStep(
        TransformerPaperEncryptor(generator.num_layers),
        generator,
        AlignedRecogniser(IRSE50(), IRSE50_CROP, IRSE50_INPUT),
        LPIPSFeatures(),
        FaceParserUNet(),
    )
    for network in (step.encryptor, generator, step.recogniser, step.perceptual, step.parser):
        if network is not None:
            network.to(device)
    return make_steps(step, generator)


def draw_codes(generator: Generator, batch: int, seed: int) -> list[Tensor]:
    """w and four passwords: random W codes repeated over the layers, the paper's tokens."""
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(5 * batch, generator.style_dim, generator=rng)
    with torch.no_grad():
        codes = generator.broadcast(generator.mapping(z.to(generator.input.input))).contiguous()
    return list(codes.chunk(5))


def time_step(step: Callable[[Sequence[Tensor]], Tensor], steps: Steps, codes: Sequence[Tensor]) -> Timing:
    """One forward and backward pass, gradients cleared before, garbage collected outside the measured time."""
    for network in (steps.fast.encryptor, steps.plain.generator, steps.plain.parser):
        if network is not None:
            network.zero_grad(set_to_none=True)
    gc.collect()
    _wait_for(codes[0].device)
    wall, cpu = time.perf_counter(), time.process_time()
    total = step(codes)
    torch.autograd.backward(total)
    _wait_for(codes[0].device)
    return Timing(time.perf_counter() - wall, time.process_time() - cpu, float(total.detach()))


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def run_rounds(steps: Steps, batch: int, rounds: int, report: Callable[[str], None] = print) -> list[Round]:
    """``rounds`` pairs of runs, the two steps taking turns at going first, on new codes each round.

    Raises:
        RiddleError: the two steps disagree on the loss, so that comparing their times means nothing.
    """
    done = []
    for number in range(rounds):
        codes = draw_codes(steps.generator, batch, seed=number)
        if number % 2 == 0:
            plain = time_step(steps.run_plain, steps, codes)
            fast = time_step(steps.run_fast, steps, codes)
        else:
            fast = time_step(steps.run_fast, steps, codes)
            plain = time_step(steps.run_plain, steps, codes)
        if abs(plain.loss - fast.loss) > TOLERANCE * abs(plain.loss):
            raise RiddleError(f"the steps disagree: the plain loss is {plain.loss:.6g}, the fast one {fast.loss:.6g}")
        both = Round(plain, fast)
        done.append(both)
        report(
            f"round {number + 1}/{rounds}: plain {plain.wall:.2f} s, fast {fast.wall:.2f} s, ratio {both.ratio:.2f} "
            f"(CPU seconds {plain.cpu:.1f}, {fast.cpu:.1f}, ratio {both.cpu_ratio:.2f}; loss {fast.loss:.5f})"
        )
    return done


def summary(rounds: Sequence[Round]) -> str:
    """Median ratio and its spread, of wall time and of CPU time."""
    lines = []
    for name, ratios in (("wall", [r.ratio for r in rounds]), ("CPU", [r.cpu_ratio for r in rounds])):
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        lines.append(
            f"{name} time, plain / fast: median {statistics.median(ratios):.2f}, {spread}, {len(ratios)} rounds"
        )
    return "\n".join(lines)


def positive(text: str) -> int:
    """A command-line argument that counts something."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


positive.__name__ = "whole number of at least 1"  # argparse puts it into its error line


def main(argv: Sequence[str] | None = None) -> None:
    """Command line; prints each round and the summary."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training_step",
        description="Time the training step against the plain, pair-by-pair step at 256 px with random weights.",
        epilog="example: python -m benchmarks.training_step --batch 2 --rounds 5",
    )
    parser.add_argument("--batch", type=positive, default=2, help="faces per step (default 2)")
    parser.add_argument("--rounds", type=positive, default=5, help="pairs of runs (default 5)")
    parser.add_argument("--threads", type=positive, default=None, help="CPU threads (default: PyTorch's choice)")
    parser.add_argument("--device", default="cpu", help="cpu, auto, cuda or cuda:N (default cpu)")
    args = parser.parse_args(argv)
    run_cli(lambda: _bench(args.batch, args.rounds, args.threads, args.device))


def _bench(batch: int, rounds: int, threads: int | None, device_name: str) -> None:
    device = resolve_device(device_name)
    if threads is not None:
        torch.set_num_threads(threads)
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{os.cpu_count()} cores"
    print(
        f"training step at {SIZE} px, batch {batch}, {device} ({where}), {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, GLIBC_TUNABLES={os.environ.get('GLIBC_TUNABLES', '')}",
        flush=True,
    )
    steps = full_size_steps(device)
    run_rounds(steps, batch, rounds=1, report=lambda line: print(f"warm-up, not counted: {line}", flush=True))
    done = run_rounds(steps, batch, rounds, report=lambda line: print(line, flush=True))
    print(summary(done))
    print(f"peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_GIB:.1f} GiB")


if __name__ == "__main__":
    main()
