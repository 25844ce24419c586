"""A failure here: the recipes would pull redrawn faces away from their originals, or train the judge."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from riddle_pl.pretraining.identity_terms import identity_loss


class Means(nn.Module):
    """Embeds an image as its mean colour."""

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x.mean(dim=(2, 3)), dim=1)


def test_is_zero_for_the_same_face_and_falls_along_its_gradient() -> None:
    real = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    assert float(identity_loss(Means(), real, real)) < 1e-6
    redrawn = real.flip(1).requires_grad_()
    loss = identity_loss(Means(), redrawn, real)
    (gradient,) = torch.autograd.grad(loss, redrawn)
    assert identity_loss(Means(), redrawn.detach() - 0.1 * gradient, real) < loss.detach()


def test_the_originals_carry_no_gradient() -> None:
    real = torch.rand(1, 3, 4, 4).requires_grad_()
    identity_loss(Means(), torch.rand(1, 3, 4, 4).requires_grad_(), real).backward()
    assert real.grad is None
