"""If this fails, new hair or a new background is drawn over the photo, or a part of the old face is left."""

import pytest
import torch

from riddle_pl.packs import load_pack
from riddle_pl.photos.paste.fitted import FittedMap
from riddle_pl.photos.paste.mask import core
from riddle_pl.photos.paste.regions import ParserRegions, Regions

SIDE = ParserRegions.size


class Drawn(ParserRegions):
    """Regions by colour: red is face, blue is beard, the rest is neither."""

    def __call__(self, x: torch.Tensor) -> Regions:
        face, beard = ((x[:, [channel]] > 0).float() for channel in (0, 2))
        none = torch.zeros_like(face)
        return Regions(face, none, face, beard, face, none)


def fitted() -> FittedMap:
    face_map = FittedMap(load_pack("lite"))
    face_map.regions = Drawn(load_pack("lite"))
    return face_map


def mask_of(photo: torch.Tensor, recovering: bool) -> torch.Tensor:
    face_map = fitted()
    return face_map.mask(photo, face_map.regions(photo), recovering)


def head(top: int, bottom: int, left: int, right: int, hair: int = 30) -> torch.Tensor:
    """A head of face with hair above it."""
    x = torch.full((1, 3, SIDE, SIDE), -1.0)
    x[:, 0, top:bottom, left:right] = 1.0
    x[:, 1, top - hair : top, left:right] = 1.0
    return x


@pytest.mark.parametrize("recovering", [False, True])
def test_hair_and_background_of_the_photo_stay(recovering: bool) -> None:
    mask = mask_of(head(80, 220, 60, 190), recovering)[0, 0]
    assert mask[100:200, 75:175].min() > 0.97
    assert mask[50:74].max() < 0.1
    assert mask[:, 198:].max() < 0.1
    assert (mask[:30] == 0).all()
    assert (mask[[0, -1]] == 0).all()
    assert (mask[:, [0, -1]] == 0).all()


def test_a_recovered_face_covers_one_that_is_a_little_wider_than_it_seems() -> None:
    one, other = (mask_of(head(80, 220, 70, 180), recovering) for recovering in (False, True))
    assert float(other.sum()) > float(one.sum())


def test_a_beard_before_the_neck_belongs_to_the_mask() -> None:
    photo = head(80, 185, 60, 190)
    without = mask_of(photo, False)[0, 0]
    photo[:, 2, 185:225, 90:160] = 1.0
    bearded = mask_of(photo, False)[0, 0]
    assert without[216:, 110:140].max() < 0.1
    assert bearded[190:222, 110:140].min() > 0.8


def test_what_lies_apart_from_the_face_is_another_s() -> None:
    photo = head(80, 220, 80, 170)
    photo[:, 0, 100:140, 220:250] = 1.0
    assert mask_of(photo, False)[0, 0, :, 210:].max() == 0


def test_eyes_and_mouth_are_covered_whatever_the_parser_says() -> None:
    nothing = torch.full((1, 3, SIDE, SIDE), -1.0)
    assert (mask_of(nothing, False)[core(SIDE) > 0] > 0.45).all()


def test_the_new_face_fills_the_old_outline_with_its_own_skin() -> None:
    """The new face is narrower and lies under a fringe: neither its hair nor its background may show."""
    face_map = fitted()
    photo, x = head(70, 230, 55, 200), head(105, 225, 75, 180)
    theirs, ours = face_map.regions(photo), face_map.regions(x)
    y, regions = face_map.fit(x, ours, theirs)
    inside = theirs.face[0, 0] > 0.5
    skin = torch.tensor([1.0, -1.0, -1.0])[:, None]
    torch.testing.assert_close(y[0][:, inside], skin.expand(-1, int(inside.sum())), rtol=0, atol=0.02)
    assert (regions.face == 1).all()


def test_a_face_of_the_same_outline_is_left_where_it_is() -> None:
    face_map = fitted()
    x = head(80, 220, 60, 190)
    x[:, 1:, 120:130, 90:110] = 0.5  # an eye
    y, _ = face_map.fit(x, face_map.regions(x), face_map.regions(x))
    torch.testing.assert_close(y[..., 100:200, 80:170], x[..., 100:200, 80:170], rtol=0, atol=1e-3)


def test_a_missing_parser_is_told_before_anything_is_done(tmp_path, monkeypatch) -> None:
    from riddle_pl.errors import PackError
    from riddle_pl.photos.build import build_pseudonymiser

    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path))
    pseudonymiser = build_pseudonymiser(load_pack("mobile"))
    with pytest.raises(PackError, match=r"79999_iter\.pth .*riddle weights fetch face_mask --pack mobile"):
        pseudonymiser.prepare()
