"""A public checkpoint would be imported but come out as the wrong network for its role."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.networks.e4e import E4EEncoder
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.networks.irse import IRSE
from riddle_pl.networks.lpips_features import LPIPSFeatures
from riddle_pl.networks.parser_unet import FaceParserUNet
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import Manifest, Pack, load_pack
from riddle_pl.packs.formats import load_network
from riddle_pl.packs.install import import_file


def e4e() -> dict[str, Any]:
    encoder = E4EEncoder(32, 14, widths=(4, 8, 12, 16), blocks=(1, 1, 1, 1), dim=8)
    state = {f"encoder.{key}": value for key, value in encoder.state_dict().items()}
    return {"state_dict": state, "latent_avg": torch.ones(14, 8)}


CHECKPOINTS: dict[str, Callable[[], dict[str, Any]]] = {
    "generator": lambda: {"g_ema": Generator(256, {2**k: 4 for k in range(2, 9)}, mapping_layers=1).state_dict()},
    "encoder": e4e,
    "recogniser": lambda: IRSE((4, 8, 16, 32), (1, 1, 1, 1), 8, 112).state_dict(),
    "parser": lambda: FaceParserUNet(19, (2, 4, 8, 16, 32)).state_dict(),
    "encryptor": lambda: {"mapper_state_dict": TransformerPaperEncryptor(14, dim=16, ffn=16).state_dict(), "opts": {}},
}
INPUTS: dict[str, tuple[tuple[int, ...], ...]] = {
    "generator": ((1, 14, 512),),
    "encoder": ((1, 3, 256, 256),),
    "recogniser": ((1, 3, 256, 256),),
    "parser": ((1, 3, 64, 64),),
    "encryptor": ((1, 14, 16), (1, 14, 16)),
}
OUTPUTS = {
    "generator": (1, 3, 256, 256),
    "encoder": (1, 14, 8),
    "recogniser": (1, 8),
    "parser": (1, 19, 64, 64),
    "encryptor": (1, 14, 16),
}


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path / "home"))
    return load_pack("ffhq256")


@pytest.mark.parametrize("role", sorted(CHECKPOINTS))
def test_import_then_load(pack: Pack, tmp_path: Path, role: str) -> None:
    torch.save(CHECKPOINTS[role](), tmp_path / "file.pt")
    import_file(pack, role, tmp_path / "file.pt")
    network = load_pack("ffhq256").load(role)
    with torch.no_grad():
        out = network(*(torch.rand(shape) for shape in INPUTS[role]))
    assert tuple(out.shape) == OUTPUTS[role]
    if role == "recogniser":
        torch.testing.assert_close(out.norm(dim=1), torch.ones(1))


def test_the_vgg_trunk_becomes_lpips_features(pack: Pack, tmp_path: Path) -> None:
    trunk = LPIPSFeatures().features.state_dict()
    file = tmp_path / "vgg.pth"
    torch.save({f"features.{key}": value for key, value in trunk.items()} | {"classifier.0.bias": torch.ones(1)}, file)
    network = load_network(pack.entry("perceptual"), file, Manifest("p", 256, {}))
    assert isinstance(network, LPIPSFeatures)
    assert network.get_buffer("weight_0").std() > 0  # the learned weights of the package, not the initial ones
