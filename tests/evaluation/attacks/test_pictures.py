"""If this fails, photos whose decrypted faces give the right password away are called deniable, or the reverse."""

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.attacks.distinguisher import Fit
from riddle_pl.evaluation.attacks.pictures import Pictures
from tests.evaluation.attacks.toys import beside, faces, padding, people, reading, reflecting, target, thin

QUICK = Fit(steps=200, batch=32, wrong=3, learning_rate=3e-3)
ALONE, BESIDE = "the picture alone", "picture, surroundings and code"


def areas(network, given):
    found = Pictures(QUICK, components=6, channels=8, records=40, guesses=40).run(target(network), given)
    assert len(found) == 8
    assert {figure.count for figure in found} == {40}
    return {figure.name.partition(":")[0]: figure.value for figure in found if "area" in figure.name}


def test_pictures_of_thin_codes_show_the_right_password():
    found = areas(reflecting(), people(thin(40, 1), thin(300, 2)))
    assert found[ALONE] > 0.9
    assert found[BESIDE] > 0.9


def test_a_pad_of_codes_of_its_model_shows_nothing():
    network = padding()
    found = areas(network, faces(network, victims=40))
    assert found[ALONE] == pytest.approx(0.5, abs=0.16)
    assert found[BESIDE] == pytest.approx(0.5, abs=0.16)


def test_a_face_that_has_to_fit_its_surroundings_shows_the_right_password():
    """The same sound pad, but the photo around the face shows a part of the picture."""
    network = padding()
    given = faces(network, victims=40, public=1000)
    shown = target(network)
    around, public_around = (
        torch.cat([shown.pictures(w, 4), torch.zeros(len(w), 1, 4, 4)], dim=1) for w in (given.victims, given.public)
    )
    found = areas(network, given._replace(around=around, public_around=public_around))
    assert found[ALONE] == pytest.approx(0.5, abs=0.16)
    assert found[BESIDE] > 0.8


def test_a_pad_that_reads_the_surroundings_shows_nothing_beside_them():
    network = reading()
    (victims, around), (public, public_around) = (beside(network, count, seed) for count, seed in ((40, 1), (1000, 2)))
    given = people(victims, public)._replace(around=around, public_around=public_around)
    found = areas(network, given)
    assert found[BESIDE] == pytest.approx(0.5, abs=0.16)
    network.reader = None
    assert areas(network, given)[BESIDE] > 0.8


def test_numbers_below_1_are_refused():
    with pytest.raises(ConfigError, match=r"attack\.pictures\.records=0"):
        Pictures(QUICK, records=0)
    with pytest.raises(ConfigError, match=r"attack\.\*\.training\.steps=0"):
        Fit(steps=0)
