"""A failure here: the parser would learn from images and labels that do not lie on each other."""

from pathlib import Path

import pytest
import torch

from riddle_pl.losses.parse import parse_loss
from riddle_pl.pretraining.label_maps import COLOURS, IGNORED, LABELS, LabelledFaces, read_labelled_faces
from riddle_pl.pretraining.parser import ABSENT_LOGIT, ParserRecipe, crop

SIZE = 32
ABSENT = [label for label in range(19) if label not in LABELS]


@pytest.fixture(scope="module")
def coloured() -> LabelledFaces:
    """Crops painted in the colours of their labels: a square of every label in another place."""
    side = 80
    labels = torch.zeros(1, side, side, dtype=torch.uint8)
    for index, label in enumerate(LABELS):
        labels[0, 12 * index : 12 * index + 20, 8 * index + 5 : 8 * index + 45] = label
    images = torch.zeros(1, 3, side, side, dtype=torch.uint8)
    for label, colour in COLOURS.items():
        for channel, value in enumerate(colour):
            images[:, channel][labels == label] = value
    return LabelledFaces(images, labels, ["a"], SIZE, 0)


def recipe(faces: LabelledFaces, **settings: float) -> ParserRecipe:
    torch.manual_seed(0)
    return ParserRecipe(faces, faces, (8, 8, 8, 8, 8), batch=8, steps=3, seed=0, **settings)  # type: ignore[arg-type]


def test_images_and_labels_move_together(coloured: LabelledFaces) -> None:
    moved = recipe(coloured)._motions(torch.Generator().manual_seed(0))
    x, labels = crop(coloured, torch.zeros(8, dtype=torch.long), moved)
    assert x.shape == (8, 3, SIZE, SIZE)
    assert labels.shape == (8, SIZE, SIZE)
    palette = torch.tensor(list(COLOURS.values())).float() / 127.5 - 1.0
    nearest = (x.permute(0, 2, 3, 1)[..., None, :] - palette).square().sum(-1).argmin(-1)
    inside = labels != IGNORED
    agree = (torch.tensor(LABELS)[nearest] == labels)[inside].float().mean()
    assert agree > 0.9  # edges are blurred
    assert moved[:, 0, 0].sign().unique().numel() == 2  # some are mirrored
    assert not torch.equal(labels[0], labels[1])


def test_without_a_motion_the_aligned_face_is_cut_out(coloured: LabelledFaces) -> None:
    _, labels = crop(coloured, torch.zeros(1, dtype=torch.long))
    stored = coloured.labels[0, 8:-8, 8:-8]
    under = torch.stack([stored[row::2, column::2] for row in (0, 1) for column in (0, 1)])
    assert (labels == under).any(dim=0).all()  # one of the four stored pixels that lie under it


def test_beyond_the_crop_is_ignored(coloured: LabelledFaces) -> None:
    away = torch.tensor([[[1.0, 0.0, 3.0], [0.0, 1.0, 0.0]]])
    _, labels = crop(coloured, torch.zeros(1, dtype=torch.long), away)
    assert (labels == IGNORED).all()


def test_a_batch_depends_on_seed_and_step_alone(coloured: LabelledFaces) -> None:
    one = recipe(coloured)
    x, labels = one.draw(5)
    torch.manual_seed(1234)
    again, same = one.draw(5)
    assert torch.equal(x, again)
    assert torch.equal(labels, same)
    assert not torch.equal(x, one.draw(6)[0])


def test_classes_without_labels_add_nothing_to_the_parsing_loss(coloured: LabelledFaces) -> None:
    one = recipe(coloured)
    x, y = one.draw(0)[0], one.draw(1)[0]
    a, b = one.parser(x), one.parser(y)
    assert (a[:, ABSENT] == ABSENT_LOGIT).all()
    assert parse_loss(a, b, ABSENT) == 0
    assert parse_loss(a, b, LABELS) > 0


def test_a_perfect_parser_has_iou_1(coloured: LabelledFaces, monkeypatch: pytest.MonkeyPatch) -> None:
    one = recipe(coloured)
    truth = crop(coloured, torch.zeros(1, dtype=torch.long))[1]
    monkeypatch.setattr(one, "_predict", lambda _x: truth.clone())
    figures = one.figures()
    assert set(figures.values()) == {1.0}
    assert list(figures)[-1] == "mean IoU, 1 held-out photos"
    monkeypatch.setattr(one, "_predict", lambda _x: torch.zeros_like(truth))
    assert one.figures()["IoU of nose, 1 held-out photos"] == 0.0


def test_the_sheet_shows_face_labels_and_prediction(data_root: Path) -> None:
    faces = read_labelled_faces(data_root, "fasseg", SIZE, 0.0)
    assert recipe(faces).samples().shape == (24, 3, SIZE, SIZE)
    assert set(recipe(faces)._predict(crop(faces, torch.arange(2))[0]).unique().tolist()) <= set(LABELS)
