"""If this fails, a new face has another skin, hair or light than the head that it is pasted on."""

import torch

from riddle_pl.photos.paste.mask import FaceMap, OvalMap, join_maps
from riddle_pl.photos.paste.regions import Regions
from riddle_pl.photos.paste.skin_colour import PIGMENT, STEEPEST, MatchSkin
from riddle_pl.photos.paste.views import Views

MASK = join_maps(OvalMap(64)(torch.zeros(1, 3, 8, 8)))


class Square:
    """The middle of every image is face."""

    size = 64

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        face = torch.zeros(len(x), 1, 64, 64)
        face[..., 16:48, 16:48] = 1.0
        return face


class NoFace(Square):
    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(x), 1, 64, 64)


def coloured(mean: tuple[float, float, float], spread: float, side: int = 64) -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.tensor(mean)[:, None, None] + spread * torch.randn(1, 3, side, side, generator=rng)


def match(face_map: FaceMap, x: torch.Tensor, photo: torch.Tensor) -> torch.Tensor:
    return MatchSkin()(Views(face_map, photo, x), MASK)


def test_skin_gets_the_mean_and_the_spread_of_the_face_that_it_replaces() -> None:
    photo, x = coloured((0.2, 0.0, -0.1), 0.12), coloured((0.0, 0.1, 0.1), 0.1)
    inside = match(Square(), x, photo)[..., 20:44, 20:44]
    expected = photo[..., 20:44, 20:44]
    torch.testing.assert_close(inside.mean(dim=(2, 3)), expected.mean(dim=(2, 3)), rtol=0, atol=0.02)
    torch.testing.assert_close(inside.std(dim=(2, 3)), expected.std(dim=(2, 3)), rtol=0.25, atol=0)


def test_what_is_no_skin_keeps_its_colours() -> None:
    x = coloured((0.0, 0.1, 0.1), 0.1)
    matched = match(Square(), x, coloured((0.2, 0.0, -0.1), 0.1))
    torch.testing.assert_close(matched[..., :10, :], x[..., :10, :])


def test_a_face_that_is_not_seen_is_left_alone() -> None:
    x = coloured((0.0, 0.1, 0.1), 0.1)
    torch.testing.assert_close(match(NoFace(), x, coloured((0.2, 0.0, -0.1), 0.1)), x)


def lit(slope: float, side: int = 64) -> torch.Tensor:
    """A face that gets lighter from left to right."""
    u = (torch.arange(side) + 0.5) / side * 2 - 1
    return coloured((0.0, 0.0, 0.0), 0.05, side) + slope * u


def test_light_comes_from_where_it_comes_in_the_photo() -> None:
    def rise(x: torch.Tensor) -> float:
        columns = x[..., 20:44, 20:44].mean(dim=(1, 2))
        return float(columns[0, -4:].mean() - columns[0, :4].mean())

    before = lit(-0.05)
    assert rise(before) < 0.0
    assert rise(match(Square(), before, lit(0.05))) > 0.02
    steep = rise(match(Square(), before, lit(0.8))) - rise(before)
    assert 0.05 < steep < 2 * STEEPEST * 20 / 32  # such a slope is a beard's, not the light's


def test_teeth_and_eyes_do_not_change_the_skin() -> None:
    x = coloured((0.0, 0.1, 0.1), 0.02)
    toothed = x.clone()
    toothed[..., 30:34, 26:38] = 1.0
    photo = coloured((0.1, 0.0, -0.1), 0.02)
    plain, other = (match(Square(), image, photo)[..., 18:28, 20:44].mean() for image in (x, toothed))
    torch.testing.assert_close(plain, other, rtol=0, atol=0.01)


def test_a_sepia_photo_gets_a_face_of_its_tints() -> None:
    grey = coloured((0.0, 0.0, 0.0), 0.1)[:, :1]
    sepia = torch.cat([grey + 0.1, grey, grey - 0.15], dim=1)
    matched = match(Square(), coloured((0.3, 0.0, -0.2), 0.1), sepia)[..., 20:44, 20:44]
    assert float((matched[:, 0] - matched[:, 2]).std()) < 0.05
    torch.testing.assert_close((matched[:, 0] - matched[:, 2]).mean(), torch.tensor(0.25), rtol=0, atol=0.03)


def test_lips_stay_as_far_from_the_skin_as_they_are() -> None:
    photo, x = coloured((0.0, 0.0, 0.0), 0.2), coloured((0.0, 0.0, 0.0), 0.1)
    x[..., 36:40, 28:36] = torch.tensor([0.8, -0.4, -0.4])[:, None, None]  # red
    matched = match(Square(), x, photo)
    lips, before = matched[..., 37:39, 29:35], x[..., 37:39, 29:35]
    assert float((lips - before).abs().mean()) < 0.15
    assert float(matched[..., 20:30, 20:44].std()) > 1.1 * float(x[..., 20:30, 20:44].std())


def test_eyes_of_darker_skin_are_lightened_less_and_do_not_turn_blue() -> None:
    eyes = torch.zeros(1, 1, 64, 64)
    eyes[..., 26:38, 26:38] = 1.0
    face = Square()(torch.zeros(1, 3, 8, 8))
    none = torch.zeros_like(face)
    regions = Regions(face, eyes, face * (1 - eyes), none, eyes, none)
    x = torch.lerp(coloured((0.0, -0.2, -0.4), 0.02), torch.tensor([-0.28, -0.3, -0.32]).view(1, 3, 1, 1), eyes)
    photo = torch.lerp(coloured((0.4, 0.3, 0.2), 0.02), torch.zeros(1, 1, 1, 1), eyes)

    def matched(new: torch.Tensor) -> torch.Tensor:
        views = Views(Square(), photo, new)
        views.ours = views.theirs = regions
        return MatchSkin()(views, MASK)

    seen = matched(x)[0, :, 30:34, 30:34].mean(dim=(1, 2))
    assert seen[2] - seen[0] < 0.01, "blue eyes"
    gain, of_skin = ((matched(x) - x)[..., part, part].mean() for part in (slice(30, 34), slice(18, 22)))
    assert 0.5 * PIGMENT < gain / of_skin < 1.5 * PIGMENT
    dark = coloured((-0.6, -0.65, -0.7), 0.02)
    photo = torch.lerp(dark, torch.full((1, 1, 1, 1), -0.8), eyes)
    assert (matched(x) - x)[..., 30:34, 30:34].mean() < 0.8 * (matched(x) - x)[..., 18:22, 18:22].mean() < 0, "night"


def test_lips_and_eyes_get_the_tints_of_the_photos() -> None:
    mouth, eye = torch.zeros(2, 1, 1, 64, 64)
    mouth[..., 42:46, 24:40] = eye[..., 24:28, 20:28] = 1.0
    face = Square()(torch.zeros(1, 3, 8, 8))
    none = torch.zeros_like(face)
    regions = Regions(face, mouth + eye, face * (1 - mouth - eye), none, none, none)

    def painted(lips: tuple[float, float, float], lid: tuple[float, float, float]) -> torch.Tensor:
        x = coloured((0.2, 0.1, 0.0), 0.02)
        for part, colour in ((mouth, lips), (eye, lid)):
            x = torch.lerp(x, torch.tensor(colour).view(1, 3, 1, 1), part)
        return x

    views = Views(Square(), painted((0.3, -0.2, -0.2), (0.0, -0.1, -0.2)), painted((0.0, -0.2, 0.1), (-0.2, -0.1, 0.0)))
    views.ours = views.theirs = regions
    before, after = views.x, MatchSkin()(views, MASK)
    for rows, columns in ((slice(43, 45), slice(26, 38)), (slice(25, 27), slice(22, 26))):
        warmth = [(x[0, 0, rows, columns] - x[0, 2, rows, columns]).mean() for x in (before, after)]
        assert warmth[0] < 0.0
        assert warmth[1] > warmth[0] + 0.05
