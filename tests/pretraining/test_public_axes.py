"""If this fails, what stays in clear is not pose and light, and the new face does not fit its head."""

import pytest
import torch

from riddle_pl.pretraining.public_axes import public_axes, shown

K = 10


def test_the_directions_that_targets_depend_on_come_first() -> None:
    rng = torch.Generator().manual_seed(0)
    v = torch.randn(800, K, generator=rng)
    directions = torch.linalg.qr(torch.randn(K, 2, generator=rng)).Q
    targets = v @ directions @ torch.randn(2, 30, generator=rng) + 0.1 * torch.randn(800, 30, generator=rng)
    axes, share = public_axes(v, targets, 2)
    torch.testing.assert_close(axes @ axes.T, torch.eye(K), rtol=0, atol=1e-5)
    inside = axes[:2] @ directions
    torch.testing.assert_close(torch.linalg.svdvals(inside), torch.ones(2), rtol=0, atol=0.01)
    assert 0.95 < share < 1.0
    assert public_axes(v, targets, 1)[1] < share


def test_what_is_shown_is_where_landmarks_are_and_how_the_face_is_lit() -> None:
    rng = torch.Generator().manual_seed(0)
    x, points = torch.rand(6, 3, 64, 64, generator=rng) * 2 - 1, 20 * torch.rand(6, 5, 2, generator=rng)
    base = shown(x, points)
    assert base.shape == (6, 10 + 3 * 16)
    torch.testing.assert_close(base.mean(dim=0), torch.zeros(58), rtol=0, atol=1e-5)
    assert float(base[:, :10].square().mean()) == pytest.approx(9.0, rel=1e-4)
    assert float(base[:, 10:].square().mean()) == pytest.approx(1.0, rel=1e-4)
    framed = x.clone()
    framed[..., :16, :] = 1.0  # above the face
    torch.testing.assert_close(shown(framed, points), base)
    lit = x.clone()
    lit[0, :, 30:40, 30:40] = 1.0
    assert (shown(lit, points) - base)[:, 10:].abs().max() > 0.1
