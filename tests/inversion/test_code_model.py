"""If this fails, inversion leaves the coordinates of the pack's code model, or forgets the model's prior."""

import shutil
from pathlib import Path

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.inversion import OptimisedInversion, RefinedInversion
from riddle_pl.networks.code_model import GaussianCodeModel
from riddle_pl.networks.encryptors.padded import PaddedEncryptor
from riddle_pl.packs import Pack, load_pack
from riddle_pl.packs.write import write_pack_entry

GROUPS = (1, 1, 2, 4)


@pytest.fixture(scope="module")
def pack(tiny_pack_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    folder = shutil.copytree(tiny_pack_folder, tmp_path_factory.mktemp("packs") / "with_model")
    model = GaussianCodeModel(GROUPS, rank=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("riddle_pl.networks.code_model.SAMPLES", 2_000)
        model.fit(load_pack(folder).generator())
    write_pack_entry(folder, "code_model", model, "code_model", {"groups": list(GROUPS), "rank": 8}, license="none")
    return load_pack(folder)


@pytest.fixture(scope="module")
def x(pack: Pack) -> torch.Tensor:
    generator = pack.generator()
    z = torch.randn(2, 512, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        return generator(generator.broadcast(generator.mapping(z))).clamp(-1, 1)


def inverted(pack: Pack, x: torch.Tensor, **settings: float | str) -> torch.Tensor:
    return OptimisedInversion(pack, "cpu", size=32, **{"steps": 8, **settings})(x)  # type: ignore[arg-type]  # by key


def test_nothing_of_a_code_lies_outside_of_the_model(pack: Pack, x: torch.Tensor) -> None:
    model = pack.load_as("code_model", GaussianCodeModel)
    w = inverted(pack, x)
    torch.testing.assert_close(model.decode(model.encode(w)), w, atol=1e-3, rtol=1e-3)


def test_every_face_comes_nearer_to_its_photo(pack: Pack, x: torch.Tensor) -> None:
    generator, model = pack.generator(), pack.load_as("code_model", GaussianCodeModel)
    with torch.no_grad():
        start = model.decode(model.encode(pack.load("encoder")(x)))
        before, after = ((generator(w) - x).abs().mean(dim=(1, 2, 3)) for w in (start, inverted(pack, x, prior=0.0)))
    assert (after < before).all()


def test_the_prior_holds_a_code_near_likely_ones(pack: Pack, x: torch.Tensor) -> None:
    model = pack.load_as("code_model", GaussianCodeModel)
    free, held = (model.energy(model.encode(inverted(pack, x, prior=prior))) for prior in (0.0, 100.0))
    assert (held < free).all()


def test_the_model_is_part_of_what_a_code_depends_on(pack: Pack, tiny_pack: Pack) -> None:
    inversion = RefinedInversion(pack, "cpu", size=32)
    assert inversion.needed == (*RefinedInversion.roles, "code_model")
    assert RefinedInversion(tiny_pack, "cpu").needed == RefinedInversion.roles
    assert inversion.fingerprint != RefinedInversion(pack, "cpu", size=32, prior=1.0).fingerprint


@pytest.fixture(scope="module")
def padded(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The pack with a padded encryptor of 12 coordinates beside."""
    folder = shutil.copytree(pack.folder, tmp_path_factory.mktemp("packs") / "padded")
    encryptor = PaddedEncryptor(pack.num_layers, 12)
    with torch.no_grad():
        encryptor.codes.fit(pack.generator().broadcast(pack.generator().random_w(200, 3)))
    args = {"num_layers": pack.num_layers, "components": 12}
    write_pack_entry(folder, "encryptor-padded", encryptor, "padded", args, tokens="key_stream", license="none")
    return load_pack(folder)


def test_all_of_a_code_can_be_encrypted_where_it_was_found_in_an_encryptors_model(
    padded: Pack, x: torch.Tensor
) -> None:
    w = inverted(padded, x, code_model="encryptor-padded")
    encryptor, _ = padded.encryptor("encryptor-padded")
    torch.testing.assert_close(encryptor.inside(w).float(), w, atol=1e-3, rtol=1e-3)
    elsewhere = inverted(padded, x)
    assert (encryptor.inside(elsewhere) - elsewhere).abs().max() > 0.01


def test_another_network_is_no_code_model(padded: Pack, x: torch.Tensor) -> None:
    with pytest.raises(ConfigError, match=r"invert.code_model=encoder is no code model of pack .*; give code_model or"):
        inverted(padded, x, code_model="encoder")
