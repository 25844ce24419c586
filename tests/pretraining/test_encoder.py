"""A failure here: inversions would be trained against a generator that changes, or start from nothing."""

from pathlib import Path

import pytest
import torch

from riddle_pl.data.face_set import FaceSet, read_faces
from riddle_pl.errors import CheckpointError, ConfigError, PackError
from riddle_pl.pretraining.encoder import START, EncoderRecipe

CHANNELS = {4: 8, 8: 8, 16: 8, 32: 8}


@pytest.fixture(scope="module")
def faces(data_root: Path) -> FaceSet:
    return read_faces(data_root, ["faces"], 32, 0.0)


def recipe(faces: FaceSet, pack: Path, start: Path | None = None) -> EncoderRecipe:
    return EncoderRecipe(faces, faces, str(pack), CHANNELS, 2, 2, 0, start=None if start is None else str(start))


def test_only_the_encoder_is_trained_and_saved(faces: FaceSet, tiny_pack_folder: Path) -> None:
    one = recipe(faces, tiny_pack_folder)
    prefixes = {name.split(".")[0] for name in one.state_dict()}
    assert prefixes == {"encoder", "average", "latent_discriminator", "step_count", "seconds"}
    assert {name.split(".")[0] for name, p in one.named_parameters() if p.requires_grad} == {
        "encoder",
        "latent_discriminator",
    }
    assert not any(p.requires_grad for network in one._frozen for p in network.parameters())


def test_starts_from_the_generators_own_encoder(faces: FaceSet, tiny_pack_folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    first = recipe(faces, tiny_pack_folder)
    state = {f"{START}{key}": value for key, value in first.encoder.state_dict().items()}
    torch.save({"state_dict": {**state, "discriminator.weight": torch.zeros(1)}}, tmp_path / "last.ckpt")
    torch.manual_seed(2)
    second = recipe(faces, tiny_pack_folder, tmp_path / "last.ckpt")
    for key, value in first.encoder.state_dict().items():
        assert torch.equal(second.encoder.state_dict()[key], value)
        assert torch.equal(second.average.module.state_dict()[key], value)


def test_a_packs_encoder_of_another_shape_is_no_start(faces: FaceSet, tiny_pack_folder: Path) -> None:
    pack = str(tiny_pack_folder)  # its encoder is narrower
    with pytest.raises(CheckpointError, match=r"encoder of pack .* does not fit LiteEncoder"):
        EncoderRecipe(faces, faces, pack, CHANNELS, 2, 2, 0, start_pack=pack)
    with pytest.raises(ConfigError, match=r"recipe\.start and recipe\.start_pack"):
        EncoderRecipe(faces, faces, pack, CHANNELS, 2, 2, 0, start="a", start_pack=pack)


def test_a_start_without_an_encoder_is_refused(faces: FaceSet, tiny_pack_folder: Path, tmp_path: Path) -> None:
    torch.save({"state_dict": {"generator.weight": torch.zeros(1)}}, tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError, match="holds no encoder of this shape"):
        recipe(faces, tiny_pack_folder, tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError, match=r"nowhere\.ckpt does not exist"):
        recipe(faces, tiny_pack_folder, tmp_path / "nowhere.ckpt")


def test_a_folder_without_a_pack_is_refused(faces: FaceSet, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"manifest\.json is missing"):
        recipe(faces, tmp_path)


def test_the_sheet_and_the_figures_are_of_held_out_faces(faces: FaceSet, tiny_pack_folder: Path) -> None:
    one = recipe(faces, tiny_pack_folder)
    assert one.samples().shape == (6 * 8, 3, 32, 32)  # 20 faces: three rows, each above its inversions
    assert all(torch.isfinite(torch.tensor(value)) for value in one.figures().values())
    assert len(one.figures()) == 2
