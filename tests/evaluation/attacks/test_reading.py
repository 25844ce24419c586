"""If this fails, who is in a record is said to be unreadable where it is not, or the reverse."""

import pytest

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.attacks.reading import Reading
from tests.evaluation.attacks.toys import PEOPLE, Identity, faces, padding, target

SHORT = {"width": 64, "steps": 400, "batch": 64, "learning_rate": 3e-3, "passwords": 2}


def rates(network, **settings):
    given = faces(network)
    return {figure.name[-1]: figure for figure in Reading(**SHORT, **settings).run(target(network), given)}


def test_a_code_in_clear_is_read():
    found = rates(Identity(), components=40)
    assert found["0"].value > 0.5
    assert found["0"].chance == 20 / PEOPLE
    assert found["1"].clear == 1.0


def test_nothing_is_read_of_a_pad():
    found = rates(padding())
    assert found["1"].value <= 0.05
    assert found["0"].value <= 0.2


def test_the_public_part_of_a_pad_is_read():
    assert rates(padding(public=18))["0"].value > 0.5


def test_without_other_photos_there_is_nothing_to_look_for():
    network = padding()
    given = faces(network)
    assert Reading(**SHORT).run(target(network), given._replace(rows=given.rows[:5], others=given.others[:5])) == []


def test_numbers_below_1_are_refused():
    with pytest.raises(ConfigError, match=r"attack\.reading\.steps=0"):
        Reading(steps=0)
