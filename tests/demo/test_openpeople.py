"""The demo would show other photos than it says, fetch them each time, or install what it only reads.

A real pip, which finds its packages in a folder, as a user's configuration may say.
"""

from pathlib import Path

import numpy as np
import pytest

from riddle_pl.demo import openpeople
from riddle_pl.demo.openpeople import PEOPLE, WHEEL, fetch_photos, photographed_people
from riddle_pl.errors import NoFaceError, PackError
from tests.demo.openpeople_wheel import write_openpeople
from tests.photos.fakes import FakeDetector, fake_face, fake_photo


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheel in pip's only source."""
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "no.conf"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return write_openpeople(folder, monkeypatch)


def kept(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()]


def test_photos_are_fetched_once_and_read_out_of_the_wheel(wheel: Path, tmp_path: Path) -> None:
    fetched = fetch_photos()
    assert kept(tmp_path) == [WHEEL]
    wheel.unlink()
    assert fetch_photos() == fetched  # there already: pip is not asked
    people = photographed_people(fetched, FakeDetector(fake_face()), 3)
    assert [person.name for person in people] == [f"openpeople\n{name}" for name in PEOPLE[:3]]
    for seed, person in enumerate(people):
        np.testing.assert_array_equal(person.photo, fake_photo(seed))
        assert person.aligned(64).shape == (1, 3, 64, 64)


def test_without_the_package_the_line_says_where_to_put_it(wheel: Path, tmp_path: Path) -> None:
    wheel.unlink()
    with pytest.raises(PackError) as caught:
        fetch_photos()
    line = str(caught.value)
    assert "does not serve openpeople==0.1.2" in line
    assert f"copy {WHEEL} to {tmp_path / 'home'}" in line
    assert "\n" not in line
    assert kept(tmp_path) == []


def test_another_wheel_of_that_name_is_not_kept(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openpeople, "SHA256", "0" * 64)
    with pytest.raises(PackError, match=r"from pip has sha256 .*; expected 0000.*; nothing was kept"):
        fetch_photos()
    assert kept(tmp_path) == []


def test_a_photo_in_which_nobody_is_found_is_named(wheel: Path) -> None:
    with pytest.raises(NoFaceError, match=f"in {PEOPLE[0]} of {WHEEL}"):
        photographed_people(wheel, FakeDetector(), 1)
