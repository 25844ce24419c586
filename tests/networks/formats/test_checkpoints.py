"""A public checkpoint would load wrongly in silence, or a bad file would end in a traceback, not in one clear line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.bisenet import BiSeNet
from riddle_pl.networks.e4e import E4EEncoder
from riddle_pl.networks.encryptors.mlp import MLPEncryptor
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.networks.formats.checkpoints import (
    load_bisenet,
    load_e4e,
    load_encryptor_checkpoint,
    load_generator_checkpoint,
    load_irse50,
    load_mobilefacenet,
    load_parser,
    load_strict,
)
from riddle_pl.networks.irse import IRSE
from riddle_pl.networks.mobilefacenet import MobileFaceNet
from riddle_pl.networks.parser_unet import FaceParserUNet
from riddle_pl.networks.stylegan2 import Generator

SMALL = {"dim": 16, "heads": 4, "ffn": 32}
LATENTS = {"w": torch.linspace(-1, 1, 224).reshape(1, 14, 16), "w_pwd": torch.ones(1, 14, 16)}


def generator(size: int = 16) -> Generator:
    return Generator(size, {4: 8, 8: 8, 16: 4, 32: 4, 64: 4}, style_dim=8, mapping_layers=3)


def encoder(layers: int = 10) -> E4EEncoder:
    return E4EEncoder(32, layers, (4, 8, 12, 16), (1, 2, 1, 1), dim=16)


def e4e_file(network: E4EEncoder, **extra: Any) -> dict[str, Any]:
    """With a decoder beside the encoder, as in public files."""
    state = {f"encoder.{key}": value for key, value in network.state_dict().items()}
    mean = torch.arange(16.0).expand(network.num_layers, -1)
    return {"state_dict": {**state, "decoder.style.1.bias": torch.zeros(1)}, "latent_avg": mean, **extra}


def paper_encryptor(**flags: Any) -> TransformerPaperEncryptor:
    return TransformerPaperEncryptor(14, **SMALL, **flags)


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Any], Path]:
    def write(content: Any) -> Path:
        torch.save(content, tmp_path / "file.pt")
        return tmp_path / "file.pt"

    return write


Save = Callable[[Any], Path]


def assert_same(loaded: nn.Module, original: nn.Module) -> None:
    assert not loaded.training
    for key, value in original.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key


def without_counters(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}


def test_generator(save: Save) -> None:
    original = generator()
    loaded = load_generator_checkpoint(save({"g_ema": original.state_dict(), "latent_avg": torch.zeros(8)}), 16)
    assert_same(loaded, original)
    w = torch.randn(1, 6, 8)
    assert torch.equal(loaded(w), original(w))


@pytest.mark.parametrize("counters", [True, False])
def test_recognisers_and_parser_load_with_and_without_counters(save: Save, counters: bool) -> None:
    keep = dict if counters else without_counters
    irse = IRSE((4, 8), (2, 1), 6, 16)
    assert_same(load_irse50(save(keep(irse.state_dict()))), irse)
    parser = FaceParserUNet(7, (4, 4, 8, 8, 8))
    assert_same(load_parser(save(keep(parser.state_dict()))), parser)
    mask_parser = BiSeNet(3)
    assert_same(load_bisenet(save(keep(mask_parser.state_dict()))), mask_parser)
    face = MobileFaceNet(8, (48, 32), 0.25)
    for name in ("net_state_dict", "state_dict"):
        assert_same(load_mobilefacenet(save({"epoch": 68, name: keep(face.state_dict())})), face)


def test_e4e(save: Save) -> None:
    original = encoder().eval()
    inverter = load_e4e(save(e4e_file(original)), num_layers=10)
    assert_same(inverter.encoder, original)
    x = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(inverter(x), original(x) + torch.arange(16.0))
    assert not load_e4e(save(e4e_file(original, opts={"start_from_latent_avg": False}))).latent_avg.any()


@pytest.mark.parametrize(
    "flags", [{}, {"input_linear": True, "position_embedding": True}, {"norm": "none"}, {"groups": (2, 5, 7)}]
)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_transformer_encryptor_with_flags_from_its_keys(save: Save, flags: dict[str, Any], prefix: str) -> None:
    original = paper_encryptor(**flags)
    state = {prefix + key: value for key, value in original.state_dict().items()}
    opts = {"split_list": list(flags["groups"])} if "groups" in flags else {"split_list": "4,4,6"}
    path = save({"mapper_state_dict": state, "opts": opts, "global_step": 7})
    loaded = load_encryptor_checkpoint(path, num_layers=14)
    assert_same(loaded, original)
    assert torch.equal(loaded(**LATENTS), original.eval()(**LATENTS))


@pytest.mark.parametrize("extra", [0, 4])
def test_mlp_encryptor(save: Save, extra: int) -> None:
    original = MLPEncryptor(14, extra, dim=16)
    path = save({"mapper_state_dict": original.state_dict(), "opts": {"morefc_num": extra}})
    assert_same(load_encryptor_checkpoint(path), original)


def test_18_layers_where_14_are_needed_names_both(save: Save) -> None:
    path = save({"g_ema": generator(32).state_dict()})
    with pytest.raises(CheckpointError, match=r"file.pt has 8 layers \(32 px\); 6 layers \(16 px\) are needed"):
        load_generator_checkpoint(path, 16)
    path = save(e4e_file(encoder(18)))
    with pytest.raises(CheckpointError, match=r"file.pt has 18 layers; 14 layers are needed \(256 px\)"):
        load_e4e(path, num_layers=14)
    wide = TransformerPaperEncryptor(18, position_embedding=True, **SMALL)
    path = save({"mapper_state_dict": wide.state_dict(), "opts": {"split_list": [4, 4, 10]}})
    with pytest.raises(CheckpointError, match=r"file.pt has 18 layers; 14 layers are needed"):
        load_encryptor_checkpoint(path, num_layers=14)


def test_a_generator_without_noise_maps_is_an_error_that_explains(save: Save) -> None:
    state = {key: value for key, value in generator().state_dict().items() if "noises" not in key}
    with pytest.raises(CheckpointError, match=r"no noise maps .* images would differ from process to process"):
        load_generator_checkpoint(save({"g_ema": state}), 16)
    partial = {**state, "noises.noise_0": torch.zeros(1, 1, 4, 4)}
    with pytest.raises(CheckpointError, match=r"lacks noises.noise_1, noises.noise_2"):
        load_generator_checkpoint(save({"g_ema": partial}), 16)


def test_options_that_contradict_the_weights_are_errors(save: Save) -> None:
    def load(network: nn.Module, **opts: Any) -> None:
        load_encryptor_checkpoint(save({"mapper_state_dict": network.state_dict(), "opts": opts}))

    with pytest.raises(CheckpointError, match="opts add_linear=True, but its weights say False"):
        load(paper_encryptor(), add_linear=True)
    with pytest.raises(CheckpointError, match="opts pos_embedding=False, but its weights say True"):
        load(paper_encryptor(position_embedding=True), pos_embedding=False)
    with pytest.raises(CheckpointError, match="opts morefc_num=0, but its weights say 4"):
        load(MLPEncryptor(14, 4, dim=16), morefc_num=0)
    with pytest.raises(CheckpointError, match=r"has 14 layers, but opts split_list is \(4, 4, 10\), 18 layers"):
        load(paper_encryptor(position_embedding=True), split_list=[4, 4, 10])
    with pytest.raises(CheckpointError, match="has 3 groups of layers; 2 are needed"):
        load(paper_encryptor(), split_list=[7, 7])


AUTHORS_OPTIONS: dict[str, Any] = {
    "mapper_type": "transformer",
    "transformer_normalize_type": "layernorm",
    "transformer_split_list": [4, 4, 6],
    "transformer_add_linear": False,
    "transformer_add_pos_embedding": False,
    "use_landmark_prior": False,
    "latent_avg_lambda": 0,
    "morefc_num": 0,
}
"""As the authors' training script leaves them in a checkpoint."""


def test_the_authors_options_are_honoured(save: Save) -> None:
    def load(network: nn.Module, **opts: Any) -> nn.Module:
        content = {"mapper_state_dict": network.state_dict(), "opts": {**AUTHORS_OPTIONS, **opts}}
        return load_encryptor_checkpoint(save(content), num_layers=14)

    for flags, opts in (
        ({}, {}),
        ({"groups": (2, 5, 7)}, {"transformer_split_list": [2, 5, 7]}),
        ({"input_linear": True}, {"transformer_add_linear": True}),
        ({"position_embedding": True}, {"transformer_add_pos_embedding": True}),
        ({"norm": "none"}, {"transformer_normalize_type": "None"}),
    ):
        original = paper_encryptor(**flags)
        assert torch.equal(load(original, **opts)(**LATENTS), original.eval()(**LATENTS))


@pytest.mark.parametrize(
    ("opts", "expected"),
    [
        ({"transformer_add_linear": True}, "add_linear=True, but its weights say False"),
        ({"transformer_add_pos_embedding": True}, "add_pos_embedding=True, but its weights say False"),
        ({"transformer_normalize_type": "None"}, "normalize_type='None', but its weights say 'layernorm'"),
        ({"transformer_split_list": [7, 7]}, "has 3 groups of layers; 2 are needed"),
        ({"transformer_depth": 2}, "option transformer_depth, which is not supported"),
        ({"split_list": [7, 7]}, "contradict each other"),
        ({"mapper_type": "simple"}, "mapper_type='simple', but its weights say 'transformer'"),
        ({"use_landmark_prior": True}, "use_landmark_prior=True, which is not supported"),
        ({"latent_avg_lambda": 0.5}, r"latent_avg_lambda=0\.5: a mean code"),
    ],
)
def test_the_authors_options_that_do_not_fit_are_refused(save: Save, opts: dict[str, Any], expected: str) -> None:
    content = {"mapper_state_dict": paper_encryptor().state_dict(), "opts": {**AUTHORS_OPTIONS, **opts}}
    with pytest.raises(CheckpointError, match=expected):
        load_encryptor_checkpoint(save(content), num_layers=14)


def test_unsupported_variants_are_errors(save: Save) -> None:
    state = MLPEncryptor(14, dim=16).state_dict()
    prior = {**state, "landmark_mapping.0.weight": torch.zeros(16, 102)}
    with pytest.raises(CheckpointError, match="landmark prior"):
        load_encryptor_checkpoint(save({"mapper_state_dict": prior}))
    with pytest.raises(CheckpointError, match="instancenorm"):
        load_encryptor_checkpoint(
            save({"mapper_state_dict": paper_encryptor().state_dict(), "opts": {"norm": "instancenorm"}})
        )
    with pytest.raises(CheckpointError, match="neither a transformer nor an MLP; its keys are other"):
        load_encryptor_checkpoint(save({"mapper_state_dict": {"other": torch.zeros(1)}}))


LOADERS: dict[str, Callable[[Path], nn.Module]] = {
    "generator": lambda path: load_generator_checkpoint(path, 16),
    "e4e": load_e4e,
    "irse50": load_irse50,
    "mobilefacenet": load_mobilefacenet,
    "parser": load_parser,
    "bisenet": load_bisenet,
    "encryptor": load_encryptor_checkpoint,
}


@pytest.mark.parametrize("name", LOADERS)
def test_damaged_files_are_one_line_that_names_the_file(name: str, tmp_path: Path) -> None:
    whole = tmp_path / "whole.pt"
    torch.save({"g_ema": generator().state_dict()}, whole)
    legacy = tmp_path / "legacy.pt"
    torch.save({"g_ema": generator().state_dict()}, legacy, _use_new_zipfile_serialization=False)
    contents = {
        "truncated.pt": whole.read_bytes()[: whole.stat().st_size // 2],
        "truncated_legacy.pt": legacy.read_bytes()[: legacy.stat().st_size // 2],
        "empty.pt": b"",
        "text.pt": b"<html>Quota exceeded</html>",
        "noise.pt": bytes(range(256)) * 20,
        "zip.pt": b"PK\x03\x04" + bytes(200),
    }
    for file, content in contents.items():
        (tmp_path / file).write_bytes(content)
        with pytest.raises(CheckpointError, match=f"{file} is not a readable PyTorch checkpoint") as error:
            LOADERS[name](tmp_path / file)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", LOADERS)
def test_files_of_something_else_are_errors(name: str, save: Save, tmp_path: Path) -> None:
    load = LOADERS[name]
    with pytest.raises(CheckpointError, match=r"nothing\.pt does not exist"):
        load(tmp_path / "nothing.pt")
    with pytest.raises(CheckpointError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(CheckpointError, match=r"file.pt holds a Tensor; expected a dictionary"):
        load(save(torch.zeros(3)))
    with pytest.raises(CheckpointError, match=r"file.pt .*(epoch|optimizer)"):
        load(save({"epoch": 3, "optimizer": {}}))
    with pytest.raises(CheckpointError, match=r"file.pt holds Python objects, which are not loaded"):
        load(save({"g_ema": generator()}))
    strange = {"weight": torch.zeros(2)}
    whole = dict.fromkeys(("g_ema", "state_dict", "net_state_dict", "mapper_state_dict"), strange)
    with pytest.raises(CheckpointError, match=r"file.pt"):
        load(save({**whole, "latent_avg": torch.zeros(14, 16)}))
    with pytest.raises(CheckpointError, match=r"file.pt"):
        load(save(strange))


def test_every_kind_of_difference_is_named() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    state = network.state_dict()
    del state["0.bias"]
    state["2.weight"] = torch.zeros(1)
    state["1.weight"] = torch.zeros(1, 4)
    with pytest.raises(CheckpointError) as error:
        load_strict(network, state, "a.pt")
    assert str(error.value) == (
        "a.pt does not fit Sequential: it lacks 0.bias; has unknown 2.weight; "
        "has another shape of 1.weight ((1, 4), needs (1, 3))"
    )


def test_a_failed_load_changes_nothing() -> None:
    network = nn.Linear(2, 2)
    before = network.weight.clone()
    with pytest.raises(CheckpointError):
        load_strict(network, {"weight": torch.zeros(2, 2)}, "a.pt")
    assert torch.equal(network.weight, before)


def test_a_landmark_network_of_the_same_name_is_not_taken_for_a_recogniser(save: Save) -> None:
    state = {"conv1.conv.weight": torch.zeros(64, 3, 3, 3), "conv2_dw.conv.weight": torch.zeros(64, 1, 3, 3)}
    with pytest.raises(CheckpointError, match=r"does not fit MobileFaceNet: it lacks .*; has unknown conv2_dw"):
        load_mobilefacenet(save({"state_dict": state}))
