"""A damaged, swapped or missing weight file would be used in silence, or a frozen network would train."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.errors import CheckpointError, PackError
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import Pack, load_pack
from riddle_pl.packs.architectures import build
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.password import PerLayerTokens, SingleToken
from tests.tiny_pack import LAYERS, NETWORKS, SIZE


@pytest.fixture
def copied(tiny_pack_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_pack_folder, tmp_path / "copy"))


def edit(folder: Path, role: str, **changes: Any) -> None:
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    data["networks"][role] |= changes
    path.write_text(json.dumps(data))


def test_the_tiny_pack_is_complete(tiny_pack: Pack) -> None:
    assert tiny_pack.roles == tuple(sorted(NETWORKS))
    assert (tiny_pack.name, tiny_pack.size, tiny_pack.num_layers) == ("tiny", SIZE, LAYERS)


@pytest.mark.parametrize("role", sorted(NETWORKS))
def test_loads_frozen_networks(tiny_pack: Pack, role: str) -> None:
    assert tiny_pack.has(role)
    network = tiny_pack.load(role)
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_loading_is_exact_and_gives_a_new_network_each_time(tiny_pack: Pack, tiny_pack_folder: Path) -> None:
    first, second = tiny_pack.load("generator"), load_pack(str(tiny_pack_folder)).load("generator")
    assert first is not second
    w = torch.randn(1, LAYERS, 512)
    torch.testing.assert_close(first(w), second(w), rtol=0, atol=0)


def test_the_networks_fit_together(tiny_pack: Pack) -> None:
    generator, encoder, recogniser = (tiny_pack.load(role) for role in ("generator", "encoder", "recogniser"))
    encryptor, tokens = tiny_pack.encryptor()
    u = torch.rand(2, tokens.count(LAYERS), 512, dtype=torch.float64)
    with torch.no_grad():
        x = generator(generator.broadcast(generator.mapping(torch.randn(2, 512))))
        w = encoder(x)
        x_enc = generator(encryptor(w, tokens.latent(generator, u)))
        maps, logits = tiny_pack.load("perceptual")(x_enc), tiny_pack.load("parser")(x_enc)
    assert w.shape == (2, LAYERS, 512)
    assert x_enc.shape == (2, 3, SIZE, SIZE)
    assert recogniser(x_enc).shape[0] == 2
    assert all(m.ndim == 4 for m in maps)
    assert logits.shape[2:] == (SIZE, SIZE)


def test_password_tokens_come_with_the_encryptor(tiny_pack: Pack) -> None:
    assert isinstance(tiny_pack.encryptor()[1], PerLayerTokens)
    assert isinstance(tiny_pack.encryptor("encryptor-df")[1], SingleToken)
    with pytest.raises(PackError, match="not an encryptor"):
        tiny_pack.encryptor("generator")


def test_a_network_of_another_kind_than_the_caller_needs(tiny_pack: Pack) -> None:
    assert isinstance(tiny_pack.load_as("generator", Generator), Generator)
    with pytest.raises(PackError, match=r"encoder of pack tiny is a LiteEncoder; expected Generator"):
        tiny_pack.load_as("encoder", Generator)


def test_encryptors_are_the_roles_with_password_tokens(tiny_pack: Pack) -> None:
    assert "encryptor" in tiny_pack.encryptors
    assert not {"generator", "encoder", "recogniser"} & set(tiny_pack.encryptors)


def test_a_changed_file_is_refused_and_both_hashes_are_named(copied: Path) -> None:
    pack = load_pack(copied)
    path = pack.path("generator")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(PackError) as caught:
        pack.load("generator")
    assert str(pack.entry("generator").sha256) in str(caught.value)
    assert "sha256" in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file(copied: Path) -> None:
    pack = load_pack(copied)
    pack.path("parser").unlink()
    assert not pack.has("parser")
    with pytest.raises(PackError, match=r"parser\.safetensors .* is missing"):
        pack.load("parser")


def test_a_missing_public_file_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path))
    pack = load_pack("ffhq256")
    assert not pack.has("generator")
    with pytest.raises(PackError, match="riddle weights import generator FILE --pack ffhq256"):
        pack.load("generator")
    with pytest.raises(PackError, match="riddle weights fetch perceptual --pack ffhq256"):
        pack.load("perceptual")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_role_gives_the_nearest(tiny_pack: Pack) -> None:
    assert not tiny_pack.has("generatr")
    with pytest.raises(PackError, match="did you mean 'generator'"):
        tiny_pack.load("generatr")


def test_weights_of_another_architecture(copied: Path) -> None:
    edit(copied, "encryptor-df", args={"num_layers": LAYERS, "hidden": 16, "depth": 3})
    with pytest.raises(CheckpointError, match="does not fit InvolutiveEncryptor"):
        load_pack(copied).load("encryptor-df")


def test_a_network_for_another_size(copied: Path) -> None:
    small = {"num_layers": 4, "dim": 16, "ffn": 16}
    network = build("transformer", small)
    write_pack_entry(copied, "encryptor", network, "transformer", small, overwrite=True)
    with pytest.raises(PackError, match="num_layers 4; pack tiny needs 8"):
        load_pack(copied).load("encryptor")


def test_not_a_safetensors_file(copied: Path) -> None:
    import hashlib

    (copied / "parser.safetensors").write_bytes(b"hello")
    edit(copied, "parser", sha256=hashlib.sha256(b"hello").hexdigest())
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_pack(copied).load("parser")


def test_fingerprint_changes_with_what_it_covers_and_nothing_else(copied: Path) -> None:
    before = load_pack(copied)
    assert before.hash == load_pack(copied).hash
    arch, args, _ = NETWORKS["encryptor-df"]
    write_pack_entry(copied, "encryptor-df", build(arch, args), arch, args, tokens="single", overwrite=True)
    after = load_pack(copied)
    assert after.hash != before.hash
    assert after.fingerprint("encryptor-df") != before.fingerprint("encryptor-df")
    assert after.fingerprint("encoder", "generator") == before.fingerprint("generator", "encoder")
    edit(copied, "encryptor-df", tokens="per_layer")
    assert load_pack(copied).fingerprint("encryptor-df") != after.fingerprint("encryptor-df")
