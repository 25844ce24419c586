"""If this fails, a password with a typing error opens part of a face, and the figures do not say so."""

import torch
from torch import Tensor

from riddle_pl.evaluation.attacks.intersection import Intersection, distances
from riddle_pl.evaluation.attacks.near_miss import UNRELATED, NearMiss
from riddle_pl.evaluation.attacks.target import Target
from riddle_pl.judging.metrics.codes import wrong_above
from riddle_pl.key import KdfParams
from tests.evaluation.attacks.toys import DIM, LAYERS, Identity, Shift, faces, padding, reflecting, target


class PlainKey(Target):
    """Broken: the characters of password, salt and nonce are the latent, in place of a hash of them."""

    def latent(self, text: str, kdf: KdfParams, nonce: bytes) -> Tensor:
        content = list(text.encode() + kdf.salt + nonce)
        content += [0] * (LAYERS * DIM - len(content))
        return torch.tensor(content).float().view(1, LAYERS, DIM) / 8


def cosines(network, kind=Target):
    found = NearMiss(records=25).run(target(network, kind), faces(network))
    assert [figure.name.removeprefix("cosine of codes, ") for figure in found][-1] == UNRELATED
    return [figure.value for figure in found]


def test_a_key_that_is_no_hash_is_opened_by_near_misses():
    *near, unrelated = cosines(Shift(), PlainKey)
    assert min(near) > 0.7
    assert unrelated < min(near) - 0.1


def test_a_near_miss_is_as_wrong_as_any_password():
    for network in (padding(), reflecting()):
        *near, unrelated = cosines(network)
        assert max(abs(cosine - unrelated) for cosine in near) < 0.25


def test_two_records_under_one_password_show_it_whatever_the_scheme():
    for network in (padding(), reflecting()):
        area, first = Intersection(records=8, guesses=30).run(target(network), faces(network))
        assert (area.value, first.value) == (1.0, 1.0)
        assert (area.chance, first.chance, area.count) == (0.5, 1 / 31, 8)


def test_two_records_of_two_people_show_nothing():
    network = padding()
    toy, codes = target(network), faces(network)
    found = wrong_above(distances(toy, codes.victims[:40], codes.victims[40:80], 30, toy.rng("test")))
    assert 0.35 < float(found.mean()) < 0.65


def test_without_encryption_no_guess_differs():
    found = Intersection(records=5, guesses=4).run(target(Identity()), faces(Identity()))
    assert found[0].value == 0.5
