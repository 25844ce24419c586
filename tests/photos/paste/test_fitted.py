"""If this fails, new hair or a new background is drawn over the photo, or a part of the old face is left."""

import pytest
import torch

from riddle_pl.packs import load_pack
from riddle_pl.photos.paste.fitted import SIDE, FittedMap, Regions
from riddle_pl.photos.paste.mask import core


class Drawn(FittedMap):
    """Regions by colour: red is face, green is hair, the rest is background."""

    def __init__(self) -> None:
        super().__init__(load_pack("lite"))

    def regions(self, x: torch.Tensor) -> Regions:
        face, hair = (x[:, [0]] > 0).float(), (x[:, [1]] > 0).float()
        return Regions(1.0 - face - hair, face, hair)


def mask_of(photo: torch.Tensor, x: torch.Tensor, recovering: bool) -> torch.Tensor:
    face_map = Drawn()
    return face_map.mask(photo, face_map.regions(photo), face_map.regions(x), recovering)


def head(top: int, bottom: int, left: int, right: int, hair: int = 30) -> torch.Tensor:
    """A head of face with hair above it."""
    x = torch.full((1, 3, SIDE, SIDE), -1.0)
    x[:, 0, top:bottom, left:right] = 1.0
    x[:, 1, top - hair : top, left:right] = 1.0
    return x


@pytest.mark.parametrize("recovering", [False, True])
def test_hair_and_background_of_the_photo_stay(recovering: bool) -> None:
    photo = head(80, 220, 60, 190)
    mask = mask_of(photo, photo, recovering)[0, 0]
    assert mask[100:200, 75:175].min() > 0.97
    assert mask[50:74].max() < 0.1
    assert mask[:, 198:].max() < 0.1
    assert (mask[:30] == 0).all()


@pytest.mark.parametrize("recovering", [False, True])
def test_the_background_of_the_new_picture_stays_out(recovering: bool) -> None:
    mask = mask_of(head(80, 220, 50, 200), head(80, 220, 80, 176), recovering)[0, 0]
    assert mask[100:200, :78].max() < 0.02
    assert mask[100:200, 100:150].min() > 0.97


def test_a_recovered_face_covers_one_that_is_a_little_narrower() -> None:
    picture, x = head(80, 220, 70, 180), head(80, 220, 62, 188)
    one, other = (mask_of(picture, x, recovering)[0, 0, 100:200, 66] for recovering in (False, True))
    assert (other > one + 0.3).all()


def test_a_beard_is_face_and_long_hair_is_not() -> None:
    photo = head(80, 185, 60, 190)
    photo[:, 1, 185:215, 90:160] = 1.0  # on the chin
    photo[:, 1, 80:250, 30:60] = 1.0  # beside the cheek
    mask = mask_of(photo, head(80, 230, 20, 230), recovering=False)[0, 0]
    assert mask[190:200, 110:140].min() > 0.8
    assert mask[100:240, 30:50].max() < 0.1


def test_eyes_and_mouth_are_covered_whatever_the_parser_says() -> None:
    nothing = torch.full((1, 3, SIDE, SIDE), -1.0)
    assert (mask_of(nothing, nothing, False)[core(SIDE) > 0] > 0.45).all()


def test_the_pack_s_parser_finds_regions_at_the_size_of_the_mask() -> None:
    face_map = FittedMap(load_pack("lite"))
    x = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    regions = face_map.regions(x)
    assert {tuple(region.shape) for region in regions} == {(2, 1, SIDE, SIDE)}
    assert face_map.size == SIDE
    assert torch.equal(face_map(x), regions.face)
