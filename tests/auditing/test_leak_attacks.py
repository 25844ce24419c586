"""If this fails, the figures about leaks call a scheme sound that is not, or broken that is sound."""

import pytest
import torch
from torch import Tensor

from riddle_pl.auditing.leak_attacks import (
    Components,
    LinearReading,
    fit_password,
    movement,
    pair_lengths,
    rank_one,
    wrong_above,
)
from riddle_pl.networks.encryptor_involution import InvolutiveEncryptor

LAYERS, DIM, PEOPLE = 2, 8, 200
CHANCE = 5 / PEOPLE
"""More than this would be found by luck in one of a thousand tries."""


def normal(count: int, seed: int) -> Tensor:
    return torch.randn(count, LAYERS, DIM, generator=torch.Generator().manual_seed(seed))


def thin(count: int, seed: int) -> Tensor:
    """Codes that fill three directions of their space, as codes of faces fill few of theirs."""
    return (normal(count, seed).flatten(1)[:, :3] @ normal(3, 99).flatten(1)).unflatten(1, (LAYERS, DIM))


@pytest.fixture(scope="module")
def reflect() -> InvolutiveEncryptor:
    """Broken: keeps lengths, is smooth in the password, and does not know where codes lie."""
    torch.manual_seed(0)
    return InvolutiveEncryptor(LAYERS, dim=DIM, hidden=8, heads=2, depth=1).requires_grad_(False)


def pad(w: Tensor, w_pwd: Tensor) -> Tensor:
    """Sound for normal codes and a fresh key each: a one-time pad on the torus, its own inverse."""
    u, key = (torch.special.ndtr(code.double()) for code in (w, w_pwd))
    return torch.special.ndtri(((key - u) % 1.0).clamp(1e-12, 1 - 1e-12)).float()


def copying(w: Tensor, w_pwd: Tensor) -> Tensor:
    """Broken: half of the coordinates pass in clear."""
    return torch.cat([w[..., : DIM // 2], pad(w, w_pwd)[..., DIM // 2 :]], dim=-1)


def test_the_pad_is_a_fair_toy():
    w, key = normal(PEOPLE, 1), normal(PEOPLE, 2)
    torch.testing.assert_close(pad(pad(w, key), key), w, atol=1e-3, rtol=1e-3)
    assert float(pad(w, key).std()) == pytest.approx(1.0, abs=0.05)


def test_records_of_one_photo_are_linked(reflect):
    w, own = normal(PEOPLE, 1), torch.arange(PEOPLE)
    for transform, linked in ((reflect, True), (pad, False)):
        first, second = (pair_lengths(transform(w, normal(PEOPLE, seed))) for seed in (2, 3))
        for gallery in (second, pair_lengths(w)):
            rate = float(rank_one(first, gallery, own, second.mean(dim=0)).mean())
            assert rate > 0.95 if linked else rate <= CHANCE


def test_a_photo_is_found_in_any_order_of_the_gallery():
    order = torch.randperm(PEOPLE, generator=torch.Generator().manual_seed(0))
    w = normal(PEOPLE, 1).flatten(1)
    centre = w.mean(dim=0)
    assert rank_one(w[order], w, order, centre).all()
    assert rank_one(w, w.roll(1, 0), torch.arange(PEOPLE), centre).sum() == 0
    assert rank_one(w[order] + 5.0, w, order, centre + 5.0).all()


def test_what_is_copied_is_read():
    public, w = normal(2000, 1), normal(PEOPLE, 2)
    for transform, share in ((copying, 0.5), (pad, 0.0)):
        reading = LinearReading(transform(public, normal(2000, 3)), public)
        w_enc = transform(w, normal(PEOPLE, 4))
        assert float(reading.share(w_enc, w).mean()) == pytest.approx(share, abs=0.03)
        read = reading(w_enc).flatten(1)
        rate = float(rank_one(read, w.flatten(1), torch.arange(PEOPLE), read.mean(dim=0)).mean())
        assert rate > 0.5 if share else rate <= CHANCE


def scores(transform, w: Tensor, score) -> Tensor:
    """Of the right password and 100 wrong ones, for each code."""
    right, wrong = normal(len(w), 5), normal(100, 6)
    w_enc = transform(w, right)
    passwords = torch.cat([right[:, None], wrong.expand(len(w), -1, -1, -1)], dim=1)
    return torch.stack([score(transform(c.expand_as(p), p), c) for c, p in zip(w_enc, passwords, strict=True)])


def test_the_right_password_shows_itself(reflect):
    for transform, codes, shown in ((reflect, thin, True), (pad, normal, False)):
        outside = Components.of(codes(64, 7), 3).outside
        above = wrong_above(scores(transform, codes(60, 8), lambda opened, _, outside=outside: outside(opened)))
        assert above.mean() > 0.99 if shown else above.mean() == pytest.approx(0.5, abs=0.12)


def test_the_right_password_moves_least():
    """Where T adds a shift that the password gives, a wrong one moves the code by both shifts' difference."""

    def near(w: Tensor, w_pwd: Tensor) -> Tensor:
        return w_pwd.sign() * 0.1 - w

    for transform, least in ((near, True), (pad, False)):
        above = wrong_above(scores(transform, 0.1 * thin(60, 8) if least else normal(60, 8), movement))
        assert above.mean() > 0.5 if least else above.mean() == pytest.approx(0.5, abs=0.12)


def test_ranks_of_the_right_password_worked_by_hand():
    above = wrong_above(torch.tensor([[1.0, 2.0, 3.0], [2.0, 1.0, 3.0], [3.0, 1.0, 2.0], [1.0, 1.0, 1.0]]))
    assert above.tolist() == [1.0, 0.5, 0.0, 0.5]


def test_components_span_what_they_were_made_of():
    w = thin(20, 1)
    assert float(Components.of(w, 3).outside(thin(20, 2)).abs().max()) < 1e-4
    few = Components.of(w, 100)
    assert len(few.rows) == 19
    assert Components.of(normal(200, 1), 4).outside(normal(200, 2)).mean() == pytest.approx(12 / 16, abs=0.05)


def test_a_known_face_opens_those_under_its_password(reflect):
    faces = normal(12, 1).unflatten(0, (3, 4))
    password = normal(3, 2)
    start = torch.zeros(LAYERS, DIM)
    for keys, opened in ((password[:, None].expand_as(faces), True), (normal(12, 3).unflatten(0, (3, 4)), False)):
        w_enc = reflect(faces.flatten(0, 1), keys.flatten(0, 1)).unflatten(0, (3, 4))
        found = fit_password(reflect, w_enc[:, :1], faces[:, :1], start, steps=200, learning_rate=0.1)
        back = reflect(w_enc.flatten(0, 1), found.repeat_interleave(4, dim=0)).unflatten(0, (3, 4))
        cosine = torch.cosine_similarity(back.flatten(2), faces.flatten(2), dim=-1)
        assert float(cosine[:, 0].min()) > 0.95
        others = float(cosine[:, 1:].mean())
        assert others > 0.9 if opened else others < 0.5


def test_a_password_of_one_layer_stays_one():
    found = fit_password(lambda w, q: w + q, normal(2, 1)[:, None], normal(2, 2)[:, None], torch.zeros(1, DIM), 3)
    assert found.shape == (2, LAYERS, DIM)
    assert torch.equal(found[:, 0], found[:, 1])
