"""A failure here: the student would be taught other people's embeddings."""

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from riddle_pl.data.face_set import FaceSet, read_faces
from riddle_pl.errors import CheckpointError, ConfigError
from riddle_pl.networks.mobilefacenet import MobileFaceNet
from riddle_pl.networks.recogniser import MOBILEFACENET_CROP, AlignedRecogniser
from riddle_pl.packs import load_pack
from riddle_pl.pretraining.recogniser import (
    GLOBAL_KERNEL,
    RecogniserRecipe,
    augmented,
    start_recogniser_from,
    teacher_embeddings,
)


class LeftColour(torch.nn.Module):
    """Embeds an image as the mean colour of its left half."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(x[..., :4].mean(dim=(2, 3)) + 2.0, dim=1)


def recipe(faces: FaceSet, teacher: Path, generated: int = 0, pack: Path | None = None) -> RecogniserRecipe:
    drawn_by = None if pack is None else str(pack)
    return RecogniserRecipe(
        faces, faces, str(teacher), 32, (32, 32), 0.125, 4, 2, 0, generated=generated, generator_pack=drawn_by
    )


def test_every_face_gets_its_own_embedding_of_unit_length() -> None:
    x = torch.rand(1100, 3, 8, 8)
    taught = teacher_embeddings(LeftColour(), x)
    torch.testing.assert_close(taught.norm(dim=1), torch.ones(1100))
    both = LeftColour()(x) + LeftColour()(x.flip(-1))
    torch.testing.assert_close(taught, torch.nn.functional.normalize(both, dim=1))


def test_a_face_and_its_mirror_image_are_taught_alike() -> None:
    x = torch.rand(3, 3, 8, 8)
    assert not torch.allclose(LeftColour()(x), LeftColour()(x.flip(-1)))
    torch.testing.assert_close(teacher_embeddings(LeftColour(), x), teacher_embeddings(LeftColour(), x.flip(-1)))


def test_people_of_a_pack_are_drawn_into_the_batch(
    data_root: Path, tiny_pack_folder: Path, quiet_trainer: pl.Trainer
) -> None:
    faces = read_faces(data_root, ["faces"], 64, 0.0)
    one = recipe(faces, data_root / "teacher.ckpt", generated=3, pack=tiny_pack_folder)
    seen: list[torch.Tensor] = []
    one.student.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    quiet_trainer.fit(one)
    assert [x.shape for x in seen] == 2 * [(4, 3, 32, 32)]
    drawn = one._draw(one._generators[0], torch.Generator().manual_seed(1))
    assert drawn.shape == (3, 3, 64, 64)
    assert torch.equal(drawn, one._draw(one._generators[0], torch.Generator().manual_seed(1)))
    assert not torch.equal(drawn, one._draw(one._generators[0], torch.Generator().manual_seed(2)))


@pytest.mark.parametrize(("generated", "message"), [(3, "no recipe.generator_pack"), (5, "expected 0 to recipe.batch")])
def test_drawn_people_need_a_pack_and_a_place_in_the_batch(data_root: Path, generated: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        recipe(read_faces(data_root, ["faces"], 32, 0.0), data_root / "teacher.ckpt", generated=generated)


def test_disturbed_images_depend_on_their_generator_alone() -> None:
    x = torch.rand(8, 3, 16, 16)
    first = augmented(x.clone(), torch.Generator().manual_seed(1))
    torch.manual_seed(5)
    assert torch.equal(first, augmented(x.clone(), torch.Generator().manual_seed(1)))
    assert ((first - x).abs().amax(dim=(1, 2, 3)) > 1e-3).all()


def test_a_blend_lies_between_two_images_and_half_stay_alone() -> None:
    x = torch.zeros(400, 3, 8, 8)
    x[1::2] = 10.0  # far beyond what brightness and contrast do
    out = augmented(x, torch.Generator().manual_seed(0)).mean(dim=(1, 2, 3))
    dark = out[::2] / 10.0  # share of the bright neighbour
    assert 0.35 < (dark.abs() < 0.03).float().mean() < 0.65
    assert dark.min() > -0.03
    assert dark.max() < 1.35


def test_the_sheet_and_the_figures_are_of_held_out_faces(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = read_faces(data_root, ["faces"], 32, 0.0)
    one = recipe(faces, data_root / "teacher.ckpt")
    sheet = one.samples()
    assert sheet.shape == (2 * len(faces), 3, 32, 32)
    [(name, cosine)] = one.figures().items()
    assert name == f"cosine to the teacher, {len(faces)} held-out images"
    assert abs(cosine) < 0.9  # it has not been taught yet
    for sign in (1.0, -1.0):
        monkeypatch.setattr(
            "riddle_pl.pretraining.recogniser.teacher_embeddings", lambda _, x, s=sign: s * one.average.module(x)
        )
        assert one.figures()[name] == pytest.approx(sign, abs=1e-5)


def test_a_teacher_of_another_kind_is_refused(data_root: Path, tmp_path: Path) -> None:
    torch.save({"state_dict": {"weight": torch.zeros(2)}}, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match=r"other\.ckpt"):
        recipe(read_faces(data_root, ["faces"], 32, 0.0), tmp_path / "other.ckpt")


def started(input_size: tuple[int, int], start: Path | str = "lite") -> AlignedRecogniser:
    student = AlignedRecogniser(MobileFaceNet(128, input_size), MOBILEFACENET_CROP, input_size)
    start_recogniser_from(str(start), student)
    return student.eval()


def test_a_student_of_the_same_size_starts_as_the_recogniser_of_its_pack() -> None:
    of_pack = load_pack("lite").load("recogniser")
    assert isinstance(of_pack, AlignedRecogniser)
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(started(of_pack.input_size)(x), of_pack(x))


def test_the_global_kernel_weighs_a_larger_crop_as_the_smaller_one() -> None:
    of_pack = load_pack("lite").load("recogniser").state_dict()
    of_student = started((160, 144)).state_dict()
    assert of_student[GLOBAL_KERNEL].shape[2:] == (10, 9)
    totals = [state[GLOBAL_KERNEL].sum(dim=(2, 3)) for state in (of_pack, of_student)]
    assert torch.nn.functional.cosine_similarity(totals[0].flatten(), totals[1].flatten(), dim=0) > 0.95
    assert 0.9 < totals[1].norm() / totals[0].norm() < 1.1
    others = [key for key in of_pack if key != GLOBAL_KERNEL]
    assert all(torch.equal(of_student[key], of_pack[key]) for key in others)


def test_a_start_that_is_another_network_is_refused(tiny_pack_folder: Path) -> None:
    with pytest.raises(CheckpointError, match="recogniser of pack"):
        started((64, 48), tiny_pack_folder)
