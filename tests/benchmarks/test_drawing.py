"""If this fails, `make bench-drawing` crashes, or times something that is not a picture."""

import re
from pathlib import Path

import pytest
import torch

from benchmarks import drawing as bench_drawing
from riddle_pl.networks.mobile_stylegan import MobileStyleGAN


def test_every_size_is_a_line(
    mobile_pack_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_drawing, "find_spec", lambda _name: None)  # the fake wheel's graph is none to OpenVINO
    threads = torch.get_num_threads()
    try:
        bench_drawing.main(["--pack", str(mobile_pack_folder), "--batch-size", "1", "--rounds", "1", "--threads", "1"])
    finally:
        torch.set_num_threads(threads)
    lines = capsys.readouterr().out.splitlines()
    assert "1 thread |" in lines[2]
    for size in (128, 256, 512, 1024):
        assert any(re.fullmatch(rf"\| {size} px \| \d+\.\d\d \|", line) for line in lines), size


@torch.no_grad()
def test_the_low_band_is_the_means_of_the_whole_picture() -> None:
    generator = MobileStyleGAN().eval()
    w = torch.randn(1, generator.num_layers, generator.style_dim)
    means = torch.nn.functional.avg_pool2d(generator(w), 2)
    torch.testing.assert_close(bench_drawing.low_band(generator)(w), means, rtol=1e-4, atol=1e-4)


def test_a_pack_that_draws_one_size(tiny_pack_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench_drawing.main(["--pack", str(tiny_pack_folder), "--rounds", "1", "--threads", "1"])
    assert re.search(r"\| 32 px \| \d", capsys.readouterr().out)
