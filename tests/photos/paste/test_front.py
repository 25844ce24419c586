"""If this fails, a leaf or a strand of hair before a face is painted over, or a part of the old face stays."""

import torch

from riddle_pl.photos.paste.front import in_front

SIDE = 256
SKIN = (0.5, 0.1, -0.1)


def head() -> tuple[torch.Tensor, torch.Tensor]:
    """A face before a blue wall, with dark eyes and red lips, and where it is."""
    x = torch.full((1, 3, SIDE, SIDE), -0.2)
    x[:, 2] = 0.5
    face = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    face[60:220, 60:196] = True
    skin = torch.tensor(SKIN)[:, None] + 0.02 * torch.randn(
        3, int(face.sum()), generator=torch.Generator().manual_seed(0)
    )
    x[0][:, face] = skin
    for left in (85, 150):
        x[..., 112:122, left : left + 22] = -0.9
    x[..., 185:197, 108:150] = torch.tensor([0.6, -0.5, -0.4])[:, None, None]
    return x, face


def test_nothing_lies_before_a_bare_face() -> None:
    assert not in_front(*head()).any()


def test_a_leaf_from_the_side_is_found_as_it_is_even_over_an_eye() -> None:
    x, face = head()
    x[..., 105:135, 40:120] = torch.tensor([-0.5, 0.2, -0.6])[:, None, None]
    found = in_front(x, face)
    assert found[106:134, 62:118].all()
    found[105:135, 40:120] = False
    assert not found.any()


def test_a_strand_from_the_hair_is_found() -> None:
    x, face = head()
    x[..., 50:90, 126:131] = -0.6
    found = in_front(x, face)
    assert found[62:88, 127:130].all()
    assert found.sum() < 300


def test_a_shadow_and_what_hangs_together_with_nothing_is_face() -> None:
    x, face = head()
    x[..., 60:220, 60:100] -= 0.4  # shadow
    x[..., 150:156, 140:146] = torch.tensor([-0.8, 0.6, -0.8])[:, None, None]  # a dot
    assert not in_front(x, face).any()


def test_light_of_another_colour_is_not_a_thing() -> None:
    x, face = head()
    x[..., 60:220, 60:110] = torch.tensor([-0.4, -0.2, 0.7])[:, None, None]
    assert not in_front(x, face).any()


def test_without_a_face_nothing_lies_before_it() -> None:
    x, face = head()
    assert not in_front(x, torch.zeros_like(face)).any()
