"""If this fails, records that test guesses of the password are called deniable, or the reverse."""

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.attacks.dictionary import Dictionary
from riddle_pl.evaluation.attacks.distinguisher import Training
from riddle_pl.evaluation.attacks.guesses import Guesses, movement
from riddle_pl.key import KdfParams
from tests.evaluation.attacks.toys import faces, normal, padding, people, reflecting, target, thin

QUICK = Training(components=6, width=32, steps=100, batch=32, wrong=2, learning_rate=5e-3)
NETWORK, SHARE = "trained distinguisher", "share outside 6 components of public codes"
THIN = people(thin(40, 1), thin(200, 2))


def figures(network, codes):
    found = Guesses(QUICK, components=6, records=40, guesses=60).run(target(network), codes)
    assert len(found) == 12
    return {figure.name: figure for figure in found}


def test_a_reflection_of_thin_codes_shows_the_right_password():
    found = figures(reflecting(), THIN)
    for score in (NETWORK, SHARE):
        assert found[f"{score}: area under the ROC curve"].value > 0.97, score
        assert found[f"{score}: right password first"].value > 0.8, score
        assert found[f"{score}: its median rank among 1,000"].value == 1.0, score
        assert found[f"{score}: bits per face"].value > 8.9, score
    assert found[f"{NETWORK}: right password first"].chance == 1 / 61


def test_a_pad_of_codes_of_its_model_shows_nothing():
    network = padding()
    found = figures(network, faces(network))
    for name, figure in found.items():
        if "area" in name:
            assert figure.value == pytest.approx(0.5, abs=0.16), name
        elif "rank" in name:
            assert 250 < figure.value < 750, name
        elif "bits" in name:
            assert abs(figure.value) < 1.0, name
        else:
            assert figure.value <= 0.15, name
    assert {figure.count for figure in found.values()} == {40}


def test_a_pad_of_other_codes_than_its_model_s_is_told():
    """Codes that are two clusters, under a model that takes them for one normal cloud."""
    network = padding()

    def clusters(count, seed):
        v = 0.2 * torch.randn(count, 24, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        return network.decode(v + torch.where(torch.arange(count) % 2 == 0, 0.9, -0.9)[:, None])

    found = figures(network, people(clusters(40, 1), clusters(300, 2)))
    assert found[f"{NETWORK}: area under the ROC curve"].value > 0.9
    assert found[f"{NETWORK}: bits per face"].value > 2.0


def test_the_right_password_moves_least_where_a_pad_is_no_pad():
    w, w_enc = 0.1 * normal(4, 1), normal(1, 2)
    torch.testing.assert_close(movement(w, w_enc)[2], (w[2] - w_enc[0]).norm())


def test_a_distinguisher_is_trained_once_and_the_same_every_time():
    one, two = target(reflecting()), target(reflecting())
    first = QUICK(one, THIN)
    assert QUICK(one, THIN) is first
    assert torch.equal(first(one, THIN.victims), QUICK(two, THIN)(two, THIN.victims))


def test_a_list_of_passwords_is_sorted(monkeypatch):
    monkeypatch.setattr("riddle_pl.evaluation.attacks.dictionary.KdfParams", lambda: KdfParams(8, 1, 1))
    attack = Dictionary(QUICK, size=2000, faces=4, records=40, guesses=60)
    seconds, hours, one, four = attack.run(target(reflecting()), THIN)
    assert hours.value == pytest.approx(2000 * seconds.value / 3600)
    assert one.value == four.value == 2.0  # the first of 2,000, by rank 1 of 1,000
    assert (one.chance, four.count) == (1000.0, 10)
    network = padding()
    *_, one, four = attack.run(target(network), faces(network))
    for figure in (one, four):
        assert 400 < figure.value < 1600
        assert figure.low <= figure.value <= figure.high


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ConfigError, match=r"attack\.\*\.training\.steps=0; give at least 1"):
        Training(steps=0)
    with pytest.raises(ConfigError, match=r"attack\.guesses\.records=0; give at least 1"):
        Guesses(QUICK, records=0)
    with pytest.raises(ConfigError, match=r"attack\.dictionary\.faces=9 needs as many"):
        Dictionary(QUICK, faces=9, records=5)
