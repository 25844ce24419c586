"""Public checkpoints would load into networks that compute something else than the original ones."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from riddle_pl.networks.bisenet import BiSeNet
from riddle_pl.networks.e4e import E4EEncoder
from riddle_pl.networks.encryptors.mlp import MLPEncryptor
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.networks.formats.checkpoints import load_mobilefacenet
from riddle_pl.networks.irse import IRSE50
from riddle_pl.networks.parser_unet import FaceParserUNet
from riddle_pl.networks.recogniser import IRSE50_CROP, AlignedRecogniser
from riddle_pl.networks.stylegan2 import Generator
from tests.fill_rule import fill
from tests.networks.cases import PUBLIC, keys_and_shapes

TOLERANCE = 1e-4
"""Largest difference over the golden output's standard deviation: float32 on another machine."""

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "encryptor_transformer": lambda: TransformerPaperEncryptor(14),
    "encryptor_transformer_linear_position": lambda: TransformerPaperEncryptor(
        14, input_linear=True, position_embedding=True
    ),
    "encryptor_mlp": lambda: MLPEncryptor(14),
    "irse50": IRSE50,
    "e4e_256": E4EEncoder,
    "parsenet": FaceParserUNet,
    "bisenet": BiSeNet,
}


class Golden:
    """Inputs and outputs of one case of the reference."""

    def __init__(self, path: Path, case: str):
        with np.load(path) as tensors:
            chosen = {key: torch.from_numpy(tensors[key]) for key in tensors.files if key.startswith(f"{case}/")}
        self.inputs = {key.split("/")[2]: value for key, value in chosen.items() if "/in/" in key}
        self.outputs = {key.split("/")[2]: value for key, value in chosen.items() if "/out/" in key}

    def check(self, name: str, actual: Tensor) -> None:
        expected = self.outputs[name]
        assert actual.shape == expected.shape
        assert ((actual - expected).abs().max() / expected.std()).item() < TOLERANCE


@pytest.fixture
def golden(shared: Path) -> Callable[[str], Golden]:
    return lambda case: Golden(shared / "reference" / "golden.npz", case)


@pytest.mark.parametrize("case", [pytest.param(c, marks=pytest.mark.slow) if c == "e4e_256" else c for c in NETWORKS])
def test_networks_equal_the_originals(case: str, golden: Callable[[str], Golden]) -> None:
    reference = golden(case)
    with torch.no_grad():
        out = fill(NETWORKS[case]())(*reference.inputs.values())
    reference.check(next(iter(reference.outputs)), out)


@pytest.mark.parametrize("size", [32, 256])
def test_the_generator_equals_the_original(size: int, golden: Callable[[str], Golden]) -> None:
    reference = golden(f"generator_{size}")
    generator = Generator(size)
    fill(generator, style_gain=100.0)
    with torch.no_grad():
        reference.check("w", generator.mapping(reference.inputs["z"]))
        reference.check("image", generator(reference.inputs["w_plus"]))


def test_the_aligned_recogniser_equals_the_original(golden: Callable[[str], Golden]) -> None:
    reference = golden("irse50_from_256")
    recogniser = AlignedRecogniser(fill(IRSE50()), IRSE50_CROP, (112, 112))
    with torch.no_grad():
        reference.check("embedding", recogniser(reference.inputs["x"]))


def test_a_real_mobilefacenet_equals_the_original(shared: Path, golden: Callable[[str], Golden]) -> None:
    weights = shared / "weights" / "mobilefacenet_casia_068.ckpt"
    if not weights.is_file():
        pytest.skip(f"{weights} is absent")
    reference = golden("mobilefacenet_casia")
    with torch.no_grad():
        reference.check("embedding", load_mobilefacenet(weights)(reference.inputs["x"]))


@pytest.mark.parametrize("name", PUBLIC)
def test_keys_and_shapes_equal_the_reference(name: str, shared: Path) -> None:
    listed = json.loads((shared / "reference" / "state_dict_keys.json").read_text(encoding="utf-8"))
    matching = [keys for title, keys in listed.items() if title.split(" ")[0] == name]
    expected = {key.removeprefix("encoder."): shape for key, shape in matching[0].items()}
    assert keys_and_shapes(PUBLIC[name]) == expected
