"""If this fails, encrypted faces drift to codes that no face has, or are held to the original's."""

import torch

from riddle_pl.losses.typical import TypicalLoss, typical_loss
from tests.losses.fakes import gradients, make_step, run_step


def test_worked_by_hand():
    original = torch.tensor([[[2.0, 2.0]], [[-2.0, -2.0]]])  # mean 0, r = 4
    produced = torch.tensor([[[4.0, 4.0]], [[0.0, 0.0]]])
    assert typical_loss(original, produced) == 1.5  # 16 / 4 - 1 and, not -1, 0, averaged
    middle = torch.tensor([3.0, -5.0])
    assert typical_loss(original + middle, produced + middle) == 1.5
    assert typical_loss(original, -original) == 0.0
    assert typical_loss(original, torch.zeros_like(original)) == 0.0


def test_any_direction_at_the_usual_distance_is_free():
    torch.manual_seed(0)
    original = torch.randn(64, 4, 32)
    turn, _ = torch.linalg.qr(torch.randn(32, 32))
    assert typical_loss(original, original @ turn) < 0.2
    assert typical_loss(original, 2.0 * original @ turn) > 2.5


def test_its_gradient_reaches_the_encryptor_and_draws_codes_in():
    step = make_step()
    features = run_step(step)
    near = typical_loss(features.latent("x"), features.latent("x_enc1").detach())
    assert near > 0.1  # the random encryptor draws codes further out than the originals
    loss = TypicalLoss(images=["x_enc1"])(features)
    assert float(loss.detach()) == float(near)
    assert all(slope.any() for slope in gradients(step, loss))
    original = torch.randn(4, 2, 8)
    far = (5.0 * torch.randn(4, 2, 8)).requires_grad_()
    (gradient,) = torch.autograd.grad(typical_loss(original, far), far)
    assert typical_loss(original, far.detach() - 0.1 * gradient) < typical_loss(original, far.detach())


def test_of_one_code_nothing_is_usual():
    alone = torch.tensor([[[1.0, 2.0], [1.0, 2.0]]])
    produced = torch.tensor([[[5.0, 5.0], [5.0, 5.0]]], requires_grad=True)
    value = typical_loss(alone, produced)
    assert value == 0.0
    value.backward()
    assert not produced.grad.any()


def test_the_whole_batch_says_what_is_usual():
    batch = torch.tensor([[[2.0, 2.0]], [[-2.0, -2.0]]])
    far = torch.tensor([[[4.0, 4.0]]])
    assert typical_loss(batch[:1], far, batch) == 3.0  # 16 / 4 - 1
