"""A failure here: the recogniser of the loss would compare faces seen in different ways, or not see them at all."""

import pytest
import torch
import torch.nn.functional as F

from riddle_pl.losses.features import StepFeatures
from riddle_pl.losses.identity import cosine
from riddle_pl.losses.views import AffineView, AlignedView, RandomViews
from tests.losses.fakes import make_codes, make_generator, make_step

STILL = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def in_colour(*places: torch.Tensor) -> AffineView:
    return AffineView(torch.stack(places), torch.zeros(len(places), dtype=torch.bool))


def test_a_face_that_is_not_moved_stays_as_it_is():
    x = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(in_colour(STILL, STILL)(x), x)


def test_a_face_moves_by_whole_pixels_and_mirrors():
    x = torch.rand(2, 3, 8, 8)
    right = STILL.clone()
    right[0, 2] = 0.25  # of the two units that a side is long: one pixel of eight
    mirrored = STILL.clone()
    mirrored[0, 0] = -1
    seen = in_colour(right, mirrored)(x)
    torch.testing.assert_close(seen[0, :, :, :-1], x[0, :, :, 1:])
    torch.testing.assert_close(seen[1], x[1].flip(2))


def test_places_are_exact_for_images_in_half_precision():
    x = torch.rand(2, 3, 256, 256).bfloat16()
    view = RandomViews(count=1, grey=0.0).draw(2, rng())[0]
    torch.testing.assert_close(view(x), view(x.float()))


def test_all_images_of_a_face_are_seen_in_one_way():
    x = torch.rand(3, 3, 16, 16)
    view = RandomViews(count=1, grey=0.5).draw(3, rng())[0]
    alone, together = view(x), view(torch.cat([x, x]))
    assert not torch.allclose(alone, x, atol=0.1)
    torch.testing.assert_close(together, torch.cat([alone, alone]))


def test_faces_views_and_steps_differ():
    x = torch.rand(1, 3, 16, 16).expand(2, -1, -1, -1)
    views = RandomViews(count=2).draw(2, rng())
    seen = [view(x)[face] for view in views for face in (0, 1)]
    seen.append(RandomViews(count=1).draw(2, rng(1))[0](x)[0])
    assert all(not torch.allclose(a, b, atol=0.05) for i, a in enumerate(seen) for b in seen[:i])
    torch.testing.assert_close(RandomViews(count=2).draw(2, rng())[0](x)[0], seen[0])


def test_grey_faces_have_no_colour():
    x = torch.rand(2, 3, 8, 8)
    seen = AffineView(STILL.repeat(2, 1, 1), torch.tensor([True, False]))(x)
    torch.testing.assert_close(seen[0], x[0].mean(dim=0, keepdim=True).expand(3, -1, -1))
    torch.testing.assert_close(seen[1], x[1])


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_share_of_grey_faces_is_the_settings(share):
    greys = torch.cat([view.grey for view in RandomViews(count=300, grey=share).draw(4, rng())])
    assert float(greys.float().mean()) == pytest.approx(share, abs=0.05)
    default = RandomViews()
    assert (default.count, default.shift, default.zoom, default.turn, default.grey) == (2, 0.1, 1.25, 10.0, 0.25)


def test_nothing_is_moved_further_than_the_settings_say():
    views = RandomViews(count=300, shift=0.1, zoom=1.25, turn=10.0, grey=0.0).draw(4, rng())
    place = torch.cat([view.place for view in views])  # type: ignore[attr-defined]  # that of AffineView
    assert 0.19 < place[:, :, 2].abs().max() <= 0.2
    scale = place[:, :, 1].norm(dim=1)
    assert 0.8 <= scale.min() < 0.82
    assert 1.23 < scale.max() <= 1.25
    assert 9.5 < torch.atan2(place[:, 0, 1], place[:, 1, 1]).abs().max().rad2deg() <= 10
    torch.testing.assert_close(place[:, :, 0].norm(dim=1), scale)
    assert 0.4 < (torch.linalg.det(place[:, :, :2]) < 0).float().mean() < 0.6


def test_two_faces_are_as_alike_as_their_views_are_on_average():
    step = make_step()
    codes = make_codes(step)
    views = RandomViews(count=3).draw(len(codes[0]), rng())

    def likeness(seen) -> torch.Tensor:
        features = step(*codes, views=seen)
        return cosine(features.embedding("x"), features.embedding("x_enc2"))

    torch.testing.assert_close(likeness(views), torch.stack([likeness([view]) for view in views]).mean(dim=0))


def test_the_other_networks_see_the_faces_as_they_are_aligned():
    step = make_step()
    codes = make_codes(step)
    plain, moved = step(*codes), step(*codes, views=RandomViews().draw(len(codes[0]), rng()))
    torch.testing.assert_close(moved.parse("x_enc1"), plain.parse("x_enc1"))
    torch.testing.assert_close(moved.perceptual("x")[0], plain.perceptual("x")[0])
    assert not torch.allclose(moved.embedding("x_enc1")[:, :8], plain.embedding("x_enc1"), atol=1e-3)


def test_the_papers_view_is_the_image_itself():
    x = torch.rand(2, 3, 8, 8)
    (view,) = AlignedView().draw(2, rng())
    assert view(x) is x
    features = StepFeatures({}, x, make_generator(), {"recogniser": lambda y: F.normalize(y.flatten(1), dim=1)})
    torch.testing.assert_close(features.embedding("x"), F.normalize(x.flatten(1), dim=1))


def test_views_may_leave_a_face_where_it_is():
    (view,) = RandomViews(count=1, shift=0.0, zoom=1.0, turn=0.0, grey=0.0).draw(2, rng())
    x = torch.rand(2, 3, 8, 8)
    for seen, face in zip(view(x), x, strict=True):
        assert torch.allclose(seen, face, atol=1e-5) or torch.allclose(seen, face.flip(2), atol=1e-5)


def test_the_seed_of_a_step_gives_its_views():
    """Or a run could not be repeated, nor continued from a checkpoint as if it had not been stopped."""
    (one,), (other,) = (RandomViews(count=1).draw(200, rng()) for _ in range(2))
    assert torch.equal(one.place, other.place)  # type: ignore[attr-defined]  # that of AffineView
    assert torch.equal(one.grey, other.grey)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"count": 0}, "count=0"),
        ({"zoom": 0.9}, "zoom=0.9"),
        ({"shift": -0.1}, "shift=-0.1"),
        ({"turn": -0.1}, "turn=-0.1"),
        ({"grey": -0.1}, "grey=-0.1"),
        ({"grey": 2.0}, "grey=2.0"),
    ],
)
def test_impossible_views_are_refused(settings, named):
    with pytest.raises(ValueError, match=named):
        RandomViews(**settings)
