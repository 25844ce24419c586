"""If this fails, the table of faster ways compares different steps, or steps on different codes."""

import torch

from benchmarks.training_step import bench_loss
from benchmarks.ways import codes_of, matmul, time_ways, ways
from riddle_pl.packs import Pack


def test_every_way_is_timed_on_the_same_step(tiny_pack: Pack) -> None:
    found = ways(tiny_pack, torch.device("cpu"), compiled=False)
    generator = tiny_pack.generator()
    made = time_ways(found, bench_loss(), lambda seed: codes_of(generator, 2, seed), rounds=1)
    assert list(made) == list(found)
    assert (made["float32"].loss, made["float32"].gradient) == (0.0, 0.0)
    assert 0 < made["trainer.precision=bf16-mixed"].gradient < 0.5
    assert all(one.seconds > 0 for one in made.values())


def test_the_precision_is_what_it_was_afterwards() -> None:
    before = torch.get_float32_matmul_precision()
    with matmul("medium"):
        assert torch.get_float32_matmul_precision() == "medium"
    assert torch.get_float32_matmul_precision() == before
