"""If this fails, records that can be linked are called unlinkable, or the reverse."""

import pytest
import torch

from riddle_pl.evaluation.attacks.linkage import CodeRegression, Linkage, pair_lengths
from tests.evaluation.attacks.toys import (
    DIM,
    PEOPLE,
    Identity,
    faces,
    modelled,
    normal,
    padding,
    people,
    reflecting,
    target,
)

LUCK = 0.06
"""Of 200 people, where the first is right 1 time in 200 and the first ten 10 times; more is luck 1 time in 1,000."""


def figures(network):
    found = Linkage().run(target(network), faces(network))
    return {figure.name: figure for figure in found}


def test_what_is_not_encrypted_is_found():
    found = figures(Identity())
    norm = "record to another photo of the person, by the norm of its secret coordinates: first"  # photos differ in it
    rates = [figure.value for name, figure in found.items() if name.endswith("first") and name != norm]
    assert len(rates) == 9
    assert min(rates) > 0.97
    share = found["share of the code's variance that a linear reading finds"]
    assert share.value == pytest.approx(1.0, abs=1e-3)
    assert (share.chance, share.clear) == (0.0, 1.0)


def test_a_reflection_is_linked_by_what_it_keeps():
    found = figures(reflecting())
    for title in ("record to its photo's other record", "record to its photo"):
        assert found[f"{title}, by lengths of the pairs that T reflects: first"].value > 0.95
        assert found[f"{title}, by the norm of its secret coordinates: among the first 10"].value > 0.3


def test_a_pad_is_linked_by_nothing():
    found = figures(padding())
    assert len(found) == 4 * 3 * 2 + 2 + 1
    for name, figure in found.items():
        if name.endswith("first"):
            assert figure.value <= LUCK / 2 * PEOPLE / figure.count, name
            assert figure.chance == 1 / figure.count
        elif "first 10" in name:
            assert figure.value <= figure.chance + LUCK, name
            assert figure.chance == 10 / figure.count
    assert found["share of the code's variance that a linear reading finds"].value < 0.02


def test_the_public_part_of_a_pad_is_reported_on_its_own():
    network = padding(public=6)
    found = figures(network)
    for title in ("record to its photo's other record", "record to its photo"):
        assert found[f"{title}, by its public part: first"].value > 0.99
        for name in ("its secret coordinates", "the absolute values of its secret coordinates"):
            assert found[f"{title}, by {name}: first"].value <= LUCK / 2


def test_half_a_code_in_clear_is_read():
    network = padding()
    w, public = modelled(network, PEOPLE, 1).float(), modelled(network, 2000, 2).float()

    def half(codes, seed):
        return torch.cat([codes[..., : DIM // 2], normal(len(codes), seed)[..., DIM // 2 :]], dim=-1)

    for copied in (True, False):
        one, two = (half(codes, seed) if copied else normal(len(codes), seed) for codes, seed in ((public, 3), (w, 4)))
        share = float(CodeRegression(one, public).share(two, w).mean())
        assert share > 0.4 if copied else share < 0.05


def test_lengths_of_pairs():
    assert pair_lengths(torch.tensor([[3.0, 4.0, 0.0, 2.0]])).tolist() == [[5.0, 2.0]]


def test_codes_are_taken_inside_a_model_and_left_alone_elsewhere():
    network, outside = padding(), people(normal(3, 1), normal(3, 2))
    inside = target(network).inside(outside)
    torch.testing.assert_close(inside.victims, network.inside(outside.victims))
    assert torch.equal(target(Identity()).inside(outside).public, outside.public)
