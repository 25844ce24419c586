"""Times one training step in the ways that a machine may run it faster: ``python -m benchmarks.ways --pack lite``.

float32 as it is, TF32 or bfloat16 in matrix products (``matmul_precision=``), all frozen networks with their weights in
channels_last, bfloat16 autocast (``trainer.precision=bf16-mixed``), and with ``--compile`` the generator through
``torch.compile``. All take turns, round by round, on the same codes, so that a machine that slows down slows all of
them. Each stands beside how far its loss and its gradients are from float32's. CPU seconds are those of the process:
beside other work they say more than wall seconds.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.training_step import bench_loss, positive
from riddle_pl.device import resolve_device
from riddle_pl.errors import run_cli
from riddle_pl.losses import RiddleLoss
from riddle_pl.networks.encryptors.involutive import InvolutiveEncryptor
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import Pack, load_pack
from riddle_pl.training.step import EncryptionStep


@dataclass(frozen=True)
class Way:
    """A step, and what it runs in."""

    step: EncryptionStep
    inside: Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Result:
    """Median seconds of a step, how often it is as fast as float32 in CPU time (median of the rounds' ratios), and its
    largest relative differences from float32 over the rounds.
    """

    seconds: float
    fast: float
    loss: float
    gradient: float


@contextmanager
def matmul(precision: str) -> Iterator[None]:
    """Inside, float32 matrix products have this precision."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def ways(pack: Pack, device: torch.device, compiled: bool, slow: bool = True) -> dict[str, Way]:
    """The ways by name, float32 first; they share the encryptor.

    Args:
        compiled: also the compiled generator.
        slow: also bfloat16 autocast, which takes ten times as long on a CPU without instructions for it.
    """
    torch.manual_seed(0)
    generator = pack.generator().to(device)
    encryptor = InvolutiveEncryptor(pack.num_layers).to(device)
    recogniser, perceptual, parser = (pack.load(role).to(device) for role in ("recogniser", "perceptual", "parser"))
    frozen = (generator, recogniser, perceptual, parser)
    plain = EncryptionStep(encryptor, *frozen)
    g, r, f_p, f_s = (_channels_last(copy.deepcopy(network)) for network in frozen)
    found = {
        "float32": Way(plain, nullcontext),
        "matmul_precision=high": Way(plain, lambda: matmul("high")),
        "matmul_precision=medium": Way(plain, lambda: matmul("medium")),
        "channels_last": Way(EncryptionStep(encryptor, g, r, f_p, f_s), nullcontext),
    }
    if slow:
        found["trainer.precision=bf16-mixed"] = Way(plain, lambda: torch.autocast(device.type, torch.bfloat16))
    if compiled:
        compiling = copy.copy(generator)
        compiling.compile()
        step = EncryptionStep(encryptor, compiling, recogniser, perceptual, parser)
        found["torch.compile of the generator"] = Way(step, nullcontext)
    return found


def _channels_last(network: nn.Module) -> nn.Module:
    for parameter in network.parameters():
        if parameter.ndim == 4:  # the generator's own have five
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def time_ways(
    found: dict[str, Way], loss: RiddleLoss, codes: Callable[[int], Sequence[Tensor]], rounds: int
) -> dict[str, Result]:
    """Every way once a round, after a round that warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in found}
    cpu: dict[str, list[float]] = {name: [] for name in found}
    apart: dict[str, list[tuple[float, float]]] = {name: [] for name in found}
    for number in range(rounds + 1):
        expected: tuple[Tensor, Tensor] | None = None
        for name, way in found.items():
            way.step.encryptor.zero_grad(set_to_none=True)
            start, cpu_start = time.perf_counter(), time.process_time()
            with way.inside():
                total = loss(way.step(*codes(number)))[0]
            torch.autograd.backward(total)
            if total.device.type == "cuda":
                torch.cuda.synchronize()
            took, cpu_took = time.perf_counter() - start, time.process_time() - cpu_start
            gradients = [p.grad.flatten() for p in way.step.encryptor.parameters() if p.grad is not None]
            outcome = (total.detach().float(), torch.cat(gradients))
            expected = outcome if expected is None else expected
            if number:
                seconds[name].append(took)
                cpu[name].append(took if total.device.type == "cuda" else cpu_took)
                loss_apart, gradient_apart = (
                    float((a - b).norm() / b.norm()) for a, b in zip(outcome, expected, strict=True)
                )
                apart[name].append((loss_apart, gradient_apart))
    return {
        name: Result(
            statistics.median(times),
            statistics.median(a / b for a, b in zip(cpu["float32"], cpu[name], strict=True)),
            *(max(values) for values in zip(*apart[name], strict=True)),
        )
        for name, times in seconds.items()
    }


def codes_of(generator: FaceGenerator, batch: int, seed: int) -> list[Tensor]:
    """w and four passwords, a W code for all layers each."""
    return list(generator.broadcast(generator.random_w(5 * batch, seed)).contiguous().chunk(5))


def main(argv: Sequence[str] | None = None) -> None:
    """Command line; prints a Markdown table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ways", description="Time a training step in the ways that a machine may run it."
    )
    parser.add_argument("--pack", default="lite", help="name or folder (default lite)")
    parser.add_argument("--batch", type=positive, default=8, help="faces per step (default 8)")
    parser.add_argument("--rounds", type=positive, default=7, help="of which the median is taken (default 7)")
    parser.add_argument("--threads", type=positive, default=None, help="CPU threads (default: PyTorch's choice)")
    parser.add_argument("--device", default="cpu", help="cpu, auto, cuda or cuda:N (default cpu)")
    parser.add_argument("--compile", action="store_true", help="also the compiled generator; takes minutes to begin")
    parser.add_argument("--without-bf16", action="store_true", help="leave out what is slow on most CPUs")
    args = parser.parse_args(argv)
    run_cli(lambda: _bench(args))


def _bench(args: argparse.Namespace) -> None:
    device = resolve_device(args.device)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    pack = load_pack(args.pack)
    found = ways(pack, device, args.compile, not args.without_bf16)
    generator = pack.generator().to(device)
    made = time_ways(found, bench_loss(), lambda seed: codes_of(generator, args.batch, seed), args.rounds)
    print(
        f"A step of pack {pack.name}, batch {args.batch}, {device}, {torch.get_num_threads()} threads, torch "
        f"{torch.__version__}, {args.rounds} rounds\n"
    )
    print("| | seconds | times as fast | loss differs by | gradient differs by |\n|---|---:|---:|---:|---:|")
    for name, one in made.items():
        print(f"| {name} | {one.seconds:.3f} | {one.fast:.2f} | {one.loss:.1e} | {one.gradient:.1e} |")


if __name__ == "__main__":
    main()
