"""If this fails, `draw=openvino` draws other faces than PyTorch, or fails where it should say what it needs."""

import jaxtyping
import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.photos import drawing
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.drawing import OpenVINODrawing, TorchDrawing


def test_openvino_draws_what_pytorch_draws_in_batches_of_any_size(tiny_pack, monkeypatch):
    pytest.importorskip("openvino", reason="pip install 'riddle-pl[openvino]'")
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # a tracer's sizes are tensors
    generator = tiny_pack.generator()
    draw = OpenVINODrawing()(generator)
    for count in (1, 3):
        w = generator.broadcast(generator.random_w(count, seed=count)) + 0.1 * torch.randn(1, generator.num_layers, 1)
        with torch.no_grad():
            torch.testing.assert_close(draw(w), generator(w), rtol=0, atol=1e-4)


def test_pytorch_draws_with_the_generator_itself(tiny_pack):
    generator = tiny_pack.generator()
    assert TorchDrawing()(generator) is generator


def test_without_openvino_the_error_says_how_to_get_it(tiny_pack, monkeypatch):
    monkeypatch.setattr(drawing, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'riddle-pl\[openvino\]'"):
        build_pseudonymiser(tiny_pack, ["draw=openvino"])


def test_openvino_draws_on_the_cpu_alone(monkeypatch):
    monkeypatch.setattr(drawing, "find_spec", lambda name: name)
    with pytest.raises(ConfigError, match=r"the device is cuda:0; give draw=torch"):
        OpenVINODrawing("cuda:0")


def test_the_photo_pipeline_draws_by_what_it_is_given(tiny_pack):
    sizes = []

    def drawn_by(generator):
        sizes.append(generator.size)
        return lambda w: torch.full((len(w), 3, generator.size, generator.size), 2.0)

    coder = build_pseudonymiser(tiny_pack).coder
    coder.generators.drawing = drawn_by
    w = torch.zeros(3, coder.generator.num_layers, 512)
    assert coder.synthesise(w).unique().tolist() == [1.0]
    coder.synthesise(w)
    assert sizes == [tiny_pack.size]
