"""A pack on disk could not be rebuilt from its manifest, or a typing slip in it would give a traceback."""

from typing import Any

import pytest
import torch
from torch import nn

from riddle_pl.errors import PackError
from riddle_pl.packs.architectures import ARCHITECTURES, BACKBONES, CLASSES, ENCRYPTORS, build, class_of


def test_every_builder_finds_its_class() -> None:
    assert len(CLASSES) >= 8
    for arch in CLASSES:
        assert issubclass(class_of(arch), nn.Module), arch
    assert set(ENCRYPTORS) | set(BACKBONES) <= set(CLASSES) <= set(ARCHITECTURES)


@pytest.mark.parametrize(
    ("arch", "args"),
    [
        ("stylegan2", {"size": 8, "channels": {"4": 4, "8": 4}, "mapping_layers": 1}),
        ("e4e", {"size": 32, "num_layers": 6, "widths": [4, 4, 4, 4], "blocks": [1, 1, 1, 1], "dim": 8}),
        ("mobilefacenet", {"embedding_dim": 8, "input_size": [32, 32], "width": 0.125}),
        ("parser_unet", {"classes": 3, "widths": [2, 4, 8, 16, 32]}),
        ("transformer_paper", {"num_layers": 4, "groups": [2, 2], "dim": 16, "ffn": 16}),
        ("transformer", {"num_layers": 4, "dim": 16, "ffn": 16}),
        ("mlp", {"num_layers": 4, "dim": 8}),
    ],
)
def test_builds_from_json(arch: str, args: dict[str, Any]) -> None:
    assert sum(p.numel() for p in build(arch, args).parameters()) > 0


RECOGNISER: dict[str, Any] = {
    "backbone": {"arch": "mobilefacenet", "args": {"embedding_dim": 8, "input_size": [32, 32], "width": 0.125}},
    "crop": {"top": 0.0, "bottom": 1.0, "left": 0.25, "right": 0.75},
    "input_size": [32, 32],
}


def test_a_recogniser_holds_its_backbone() -> None:
    network = build("aligned_recogniser", RECOGNISER).eval()
    embedding = network(torch.rand(2, 3, 64, 64) * 2 - 1)
    torch.testing.assert_close(embedding.norm(dim=1), torch.ones(2))


def test_a_code_encoder_may_hold_a_recogniser() -> None:
    channels = {"4": 4, "8": 4, "16": 4, "32": 4}
    args = {"size": 32, "channels": channels, "groups": [1, 2], "rank": 2, "hidden": 4}
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    assert build("code_encoder", args)(x).shape == (2, 3, 512)
    assert build("code_encoder", {**args, "recogniser": RECOGNISER, "embedding": 8}).eval()(x).shape == (2, 3, 512)
    with pytest.raises(PackError, match="recogniser has arguments 3; expected an object"):
        build("code_encoder", {**args, "recogniser": 3, "embedding": 8})


def test_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(PackError, match="did you mean 'transformer_paper'"):
        build("transformer_papr", {})


@pytest.mark.parametrize("args", [{"num_layer": 4}, {"num_layers": 4, "groups": [1, 1]}, {}])
def test_arguments_that_do_not_fit(args: dict[str, Any]) -> None:
    with pytest.raises(PackError, match="transformer_paper cannot be built"):
        build("transformer_paper", args)
    assert "transformer_paper" in ARCHITECTURES
