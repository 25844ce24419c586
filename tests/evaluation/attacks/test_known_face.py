"""If this fails, one known face opens the others of a photo, and the figures do not say so; or they say so wrongly."""

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.attacks.known_face import KnownFace, fit_password, stream_of
from riddle_pl.evaluation.attacks.target import Faces
from tests.evaluation.attacks.toys import (
    DIM,
    LAYERS,
    PEOPLE,
    SharedStream,
    Shift,
    Target,
    faces,
    normal,
    padding,
    reflecting,
    target,
)

FITTED, WRONG = "other faces by what fits it: ", "other faces by a wrong password: "
PERSON = "the original's person at FAR 1e-3"
FIRST = "original first among the codes"


def figures(network, kind=Target, steps=150, codes: Faces | None = None):
    attack = KnownFace(photos=6, others=4, steps=steps, strangers=100)
    found = attack.run(target(network, kind), codes or faces(network))
    return {figure.name: figure for figure in found}


def test_a_difference_is_opened_by_one_known_face():
    found = figures(Shift())
    assert found[FITTED + PERSON].value > 0.95
    assert found[FITTED + FIRST].value > 0.95
    assert (found[FITTED + FIRST].chance, found[FITTED + FIRST].count) == (1 / PEOPLE, 24)
    cosine = "cosine to the original, pack's recogniser"
    assert found[WRONG + cosine].value < 0.8 < 0.99 < found[FITTED + cosine].value


def test_a_pad_that_is_used_twice_is_opened_exactly():
    found = figures(padding(), SharedStream)
    assert (found[FITTED + PERSON].value, found[FITTED + FIRST].value) == (1.0, 1.0)


def test_a_pad_with_a_stream_for_each_face_stays_closed():
    found = figures(padding())
    assert found[FITTED + FIRST].value <= 2 / 24
    assert found[FITTED + PERSON].value <= 2 / 24
    assert abs(found[FITTED + "cosine to the original, pack's recogniser"].value) < 1.0


def test_the_stream_of_a_known_face_is_the_one_that_was_used():
    network = padding(public=4)
    w = network.inside(normal(5, 1))
    toy = target(network)
    w_enc = toy.encrypt(w, toy.rng("test"))
    stream = stream_of(toy, network.public, w, w_enc)
    torch.testing.assert_close(network(w_enc, stream), w)
    torch.testing.assert_close(network(w, stream), w_enc)


def test_a_known_face_opens_those_under_its_password():
    reflect = reflecting()
    known, password = normal(12, 1).unflatten(0, (3, 4)), normal(3, 2)
    start = torch.zeros(LAYERS, DIM)
    for keys, opened in ((password[:, None].expand_as(known), True), (normal(12, 3).unflatten(0, (3, 4)), False)):
        w_enc = reflect(known.flatten(0, 1), keys.flatten(0, 1)).unflatten(0, (3, 4))
        found = fit_password(reflect, w_enc[:, :1], known[:, :1], start, steps=200, learning_rate=0.1)
        back = reflect(w_enc.flatten(0, 1), found.repeat_interleave(4, dim=0)).unflatten(0, (3, 4))
        cosine = torch.cosine_similarity(back.flatten(2), known.flatten(2), dim=-1)
        assert float(cosine[:, 0].min()) > 0.95
        others = float(cosine[:, 1:].mean())
        assert others > 0.8 if opened else others < 0.5


def test_a_password_of_one_layer_stays_one():
    found = fit_password(lambda w, q: w + q, normal(2, 1)[:, None], normal(2, 2)[:, None], torch.zeros(1, DIM), 3)
    assert found.shape == (2, LAYERS, DIM)
    assert torch.equal(found[:, 0], found[:, 1])


def test_numbers_below_one_are_refused():
    with pytest.raises(ConfigError, match=r"attack\.known_face\.steps=0; give at least 1"):
        KnownFace(steps=0)
