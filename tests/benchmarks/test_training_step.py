"""If this fails, `make bench` crashes, compares two different computations, or prints a meaningless ratio."""

import re

import pytest
import torch

from benchmarks import training_step as bench
from benchmarks.plain_step import plain_networks
from riddle_pl.errors import RiddleError
from riddle_pl.networks.irse import IRSE
from riddle_pl.networks.recogniser import IRSE50_CROP, AlignedRecogniser
from tests.losses.fakes import DIM, make_generator, make_step


@pytest.fixture
def steps() -> bench.Steps:
    fakes = make_step()
    fakes.generator = make_generator()
    return bench.make_steps(fakes, fakes.generator)


def test_rounds_time_both_steps_on_the_same_function(steps):
    lines: list[str] = []
    rounds = bench.run_rounds(steps, batch=2, rounds=2, report=lines.append)
    assert len(rounds) == len(lines) == 2
    for one in rounds:
        assert one.fast.loss == pytest.approx(one.plain.loss, rel=1e-9)
        assert one.fast.wall > 0
        assert one.ratio == pytest.approx(one.plain.wall / one.fast.wall)
    assert re.match(r"round 1/2: plain [\d.]+ s, fast [\d.]+ s, ratio [\d.]+ ", lines[0])


def test_both_steps_give_the_encryptor_gradients_and_only_the_plain_one_the_generator(steps):
    codes = bench.draw_codes(steps.generator, batch=1, seed=0)
    assert codes[0].shape == (1, steps.generator.num_layers, DIM)
    bench.time_step(steps.run_fast, steps, codes)
    assert all(p.grad is not None for p in steps.fast.encryptor.parameters())
    assert all(p.grad is None for p in steps.generator.parameters())
    bench.time_step(steps.run_plain, steps, codes)
    assert all(p.grad is not None for p in steps.plain.generator.convs.parameters())
    assert all(p.grad is not None for p in steps.plain.parser.parameters())
    assert all(p.grad is None for p in steps.fast.parser.parameters())


def test_steps_that_disagree_are_an_error(steps):
    with torch.no_grad():
        steps.plain.generator.to_rgb1.bias += 1.0
    with pytest.raises(RiddleError, match="the steps disagree: the plain loss is"):
        bench.run_rounds(steps, batch=1, rounds=1, report=lambda line: None)


def test_summary_is_the_median_with_its_spread():
    def timing(seconds: float) -> bench.Timing:
        return bench.Timing(wall=seconds, cpu=2 * seconds, loss=0.0)

    rounds = [bench.Round(plain=timing(ratio), fast=timing(1.0)) for ratio in (2.0, 3.0, 2.5)]
    assert bench.summary(rounds).splitlines() == [
        "wall time, plain / fast: median 2.50, 2.00 to 3.00, 3 rounds",
        "CPU time, plain / fast: median 2.50, 2.00 to 3.00, 3 rounds",
    ]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--batch", "0"], "argument --batch: invalid whole number of at least 1 value: '0'"),
        (["--rounds", "many"], "argument --rounds: invalid whole number of at least 1 value: 'many'"),
        (["--device", "tpu"], "error: device is 'tpu'; choose from auto, cpu, cuda, cuda:N"),
    ],
)
def test_bad_arguments_are_one_line_and_status_2(argv, message, capsys):
    with pytest.raises(SystemExit) as stop:
        bench.main(argv)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_weights_are_those_of_the_paper_config():
    from tests.losses.test_total import compose_loss

    assert {name: settings["weight"] for name, settings in compose_loss("paper").items()} == bench.WEIGHTS


def test_the_plain_recogniser_gives_the_same_embedding_and_five_maps():
    torch.manual_seed(0)
    recogniser = AlignedRecogniser(IRSE((4, 4, 6, 8), input_size=32), IRSE50_CROP, (32, 32)).double().eval()
    networks = make_step()
    networks.recogniser = recogniser
    x = torch.rand(2, 3, 40, 40, dtype=torch.float64)
    *maps, embedding = plain_networks(networks, make_generator()).recogniser(x)
    assert [tuple(one.shape[1:]) for one in maps] == [(4, 32, 32), (4, 16, 16), (4, 8, 8), (6, 4, 4), (8, 2, 2)]
    torch.testing.assert_close(embedding, recogniser(x))
