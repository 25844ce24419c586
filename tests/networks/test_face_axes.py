"""If this fails, a redrawn code keeps what it was to lose, or can be told from one that was drawn."""

import pytest
import torch

from riddle_pl.networks.face_axes import FaceAxes

K, KEPT = 8, 3


def turned(seed: int = 0) -> FaceAxes:
    """Axes that lie askew, as stored in float32."""
    axes = FaceAxes(K, KEPT)
    basis = torch.linalg.qr(torch.randn(K, K, generator=torch.Generator().manual_seed(seed)))[0]
    axes.axes.copy_(basis[:KEPT])
    return axes


def normal(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, K, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_kept_part_stays_and_the_rest_is_another_s() -> None:
    axes, c, rest = turned(), normal(5, 1), normal(5, 2)
    joined = axes.joined(axes.along(c), rest)
    torch.testing.assert_close(axes.along(joined), axes.along(c))
    torch.testing.assert_close(joined - axes.joined(torch.zeros(5, KEPT).double(), joined), axes.along(c) @ axes._axes)
    torch.testing.assert_close(axes.joined(axes.along(rest), rest), rest)


def test_redrawn_coordinates_are_as_normal_as_others() -> None:
    axes, c, rest = turned(), normal(20_000, 1), normal(20_000, 2)
    covariance = axes.joined(axes.along(c), rest).T.cov()
    torch.testing.assert_close(covariance, torch.eye(K).double(), rtol=0, atol=0.04)


def test_the_directions_that_move_the_face_and_not_what_is_around_it() -> None:
    axes = FaceAxes(4, 2)
    face, around = (
        torch.diag(torch.tensor([0.4, 0.4, 0.2, 0.0])).double(),
        torch.diag(torch.tensor([0.9, 0.0, 0.0, 0.1])),
    )
    axes.fit(face, around.double(), 1.0)
    torch.testing.assert_close(axes.axes.abs(), torch.eye(4)[1:3])
    axes.fit(face, around.double(), 0.0)
    torch.testing.assert_close(axes.axes.square().sum(dim=0), torch.tensor([1.0, 1.0, 0.0, 0.0]))


@pytest.mark.parametrize("kept", [0, 9])
def test_a_subspace_of_no_or_too_many_dimensions(kept: int) -> None:
    with pytest.raises(ValueError, match=rf"kept is {kept}; expected 1 to 8"):
        FaceAxes(K, kept)
