"""A failure here: the student would be taught other people's embeddings."""

from pathlib import Path

import pytest
import torch

from riddle_pl.errors import CheckpointError
from riddle_pl.pretraining.faces import FaceSet, read_faces
from riddle_pl.pretraining.recogniser import RecogniserRecipe, disturb, teach


class Brightness(torch.nn.Module):
    """Embeds an image as its mean colour."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(2, 3)) + 2.0


def recipe(faces: FaceSet, teacher: Path) -> RecogniserRecipe:
    return RecogniserRecipe(faces, faces, str(teacher), 32, (32, 32), 0.125, batch=4, steps=2, seed=0)


def test_every_face_gets_its_own_embedding_of_unit_length() -> None:
    x = torch.rand(150, 3, 8, 8)
    taught = teach(Brightness(), x)
    torch.testing.assert_close(taught.norm(dim=1), torch.ones(150))
    torch.testing.assert_close(taught, torch.nn.functional.normalize(x.mean(dim=(2, 3)) + 2.0, dim=1))


def test_disturbed_images_depend_on_their_generator_alone() -> None:
    x = torch.rand(8, 3, 16, 16)
    first = disturb(x.clone(), torch.Generator().manual_seed(1))
    torch.manual_seed(5)
    assert torch.equal(first, disturb(x.clone(), torch.Generator().manual_seed(1)))
    assert ((first - x).abs().amax(dim=(1, 2, 3)) > 1e-3).all()


def test_a_blend_lies_between_two_images_and_half_stay_alone() -> None:
    x = torch.zeros(400, 3, 8, 8)
    x[1::2] = 10.0  # far beyond what brightness and contrast do
    out = disturb(x, torch.Generator().manual_seed(0)).mean(dim=(1, 2, 3))
    dark = out[::2] / 10.0  # share of the bright neighbour
    assert 0.35 < (dark.abs() < 0.03).float().mean() < 0.65
    assert dark.min() > -0.03
    assert dark.max() < 1.35


def test_the_sheet_and_the_figures_are_of_held_out_faces(data_root: Path) -> None:
    faces = read_faces(data_root, ["faces"], 32, 0.0)
    one = recipe(faces, data_root / "teacher.ckpt")
    sheet = one.samples()
    assert sheet.shape == (2 * len(faces), 3, 32, 32)
    [(name, cosine)] = one.figures().items()
    assert name == f"cosine to the teacher, {len(faces)} held-out images"
    assert -1.0 <= cosine <= 1.0


def test_a_teacher_of_another_kind_is_refused(data_root: Path, tmp_path: Path) -> None:
    torch.save({"state_dict": {"weight": torch.zeros(2)}}, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match=r"other\.ckpt"):
        recipe(read_faces(data_root, ["faces"], 32, 0.0), tmp_path / "other.ckpt")
