"""If this fails, `riddle measure` counts faces wrongly, or its rates are not what a recogniser says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from riddle_pl.data.sources import FolderSource
from riddle_pl.errors import DataError
from riddle_pl.evaluation.photos.backgrounds import SIDES, SIZE, backgrounds, compose_photo
from riddle_pl.evaluation.photos.photos import CompositePhotos, Photo, PlainPhotos
from riddle_pl.evaluation.photos.rates import COMPARISONS, Rates
from riddle_pl.evaluation.photos.recording_gate import RecordingGate
from riddle_pl.evaluation.photos.report import counts
from riddle_pl.evaluation.photos.trial import IMAGES, Trial, Trials
from riddle_pl.evaluation.report.report import read_report
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.photos.gate.gate import OpenGate, Verdict
from riddle_pl.photos.gate.refusal import Reason
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.pseudonymise import Pseudonymiser
from tests.cli.conftest import riddle
from tests.cli.riddle_command import Riddle
from tests.photos.fakes import FakeDetector, fake_face, fake_photo

__all__ = ["riddle"]


class SmallFacesGate(OpenGate):
    """Refuses small faces, and the first inversion."""

    def detected(self, face):
        return Verdict(None, Reason.TOO_SMALL, "") if face.area < 900 else Verdict()

    def inversions(self, x, x_inv):
        return [Verdict(0.0, Reason.POORLY_INVERTED, ""), *[Verdict(0.5)] * (len(x) - 1)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        Image.fromarray(fake_photo(number)).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.jpg").write_text("no picture")
    return tmp_path


def trials(tiny_pack, *faces) -> Trials:
    detector, gate = FakeDetector(*faces), SmallFacesGate()
    return Trials(Pseudonymiser(tiny_pack, detector, "encryptor-df", gate=gate, face_map=OvalMap()), seed=0)


def test_faces_that_would_be_refused_are_measured_like_the_others(tiny_pack):
    big, small = fake_face((60.0, 40.0), 10.0), fake_face((20.0, 20.0), 3.0)
    trial = trials(tiny_pack, big, small, big)(Photo("a.png", fake_photo()))
    assert trial.found == 3
    assert trial.refused == (Reason.POORLY_INVERTED, Reason.TOO_SMALL, None)
    assert {name: len(x) for name, x in trial.images.items()} == dict.fromkeys(IMAGES, 3)
    assert not torch.equal(trial.images["photo"], trial.images["encrypted"])


def test_the_same_seed_gives_the_same_trial(tiny_pack):
    first, second = (trials(tiny_pack, fake_face())(Photo("a.png", fake_photo())) for _ in range(2))
    assert all(torch.equal(first.images[name], second.images[name]) for name in IMAGES)
    other = trials(tiny_pack, fake_face())(Photo("b.png", fake_photo()))
    assert not torch.equal(first.images["encrypted"], other.images["encrypted"])


def test_photos_without_faces_and_unreadable_ones_are_counted(tiny_pack):
    done = [
        trials(tiny_pack)(Photo("a", fake_photo(), 2)),
        trials(tiny_pack, fake_face())(Photo("b", fake_photo(), 1)),
        trials(tiny_pack)(Photo("c", None, error="photo c is damaged")),
    ]
    found = counts(done)
    assert found["photos"] == 3
    assert found["photos not read"] == 1
    assert found["photos without a face found"] == 1
    assert found["people in them"] == 3
    assert found["faces found"] == 1
    assert found["faces passed"] == 0
    assert found["faces refused: poorly inverted"] == 1


def test_rates_are_shares_of_faces_above_the_threshold():
    """Faces are told apart by the sign of one pixel; two of three pass the gate."""

    def images(**signs: list[float]) -> dict[str, torch.Tensor]:
        return {
            name: torch.tensor(signs.get(name, [1.0, 1.0, 1.0]))[:, None, None, None].expand(3, 3, 4, 4)
            for name in IMAGES
        }

    rates = Rates("fake", lambda x: x[:, :2, 0, 0], same_person=0.5)
    rates.update(
        Trial("a", None, 4, (None, Reason.NOT_ALIGNED, None, Reason.TOO_SMALL), images(encrypted=[1.0, -1.0, 1.0]))
    )
    rates.update(Trial("b", None))
    found = {(r.metric, r.image, r.reference, r.statistic): r.estimate for r in rates.rows(100, seed=0)}
    assert len(found) == 2 * len(COMPARISONS)
    place = (Measure.DEIDENTIFICATION, "encrypted", "photo")
    assert found[*place, Statistic.PASSED_RATE][::3] == (0.5, 2)
    assert found[*place, Statistic.RATE][::3] == (pytest.approx(2 / 3), 3)
    assert found[Measure.RECOVERY, "recovered", "photo", Statistic.PASSED_RATE].mean == 1.0


def test_a_watching_gate_remembers_the_first_fault():
    gate = RecordingGate(SmallFacesGate())
    gate.start()
    x = torch.zeros(2, 3, 4, 4)
    assert [gate.detected(fake_face(eye_distance=side)).reason for side in (3.0, 20.0)] == [None, None]
    assert [verdict.reason for verdict in gate.inversions(x, x) + gate.published(x, x)] == [None] * 4
    assert gate.reasons() == [Reason.TOO_SMALL, None]


def test_photos_are_chosen_by_seed_and_more_of_them_keep_the_first(folder):
    def names(count: int, seed: int) -> list[str]:
        return [photo.name for photo in PlainPhotos(FolderSource(folder), count, seed)]

    assert names(3, 0) == names(7, 0)[:3]
    assert names(7, 0) != names(7, 1)
    (broken,) = [photo for photo in PlainPhotos(FolderSource(folder), 7, 0) if photo.pixels is None]
    assert "broken.jpg is not an image" in broken.error
    (folder / "none").mkdir()
    with pytest.raises(DataError, match="no image"):
        PlainPhotos(FolderSource(folder / "none"), 3, 0)


def test_crops_are_laid_apart_on_backgrounds(folder):
    white = [np.full((64, 64, 3), 255, np.uint8)] * 3
    black = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for seed in range(5):
        sides = np.sqrt((compose_photo(white, black, np.random.default_rng(seed))[..., 0] > 0).sum() / 3)
        assert SIDES[0] <= sides <= SIDES[1]
    assert {ground.shape for ground in backgrounds()} == {(SIZE[1], SIZE[0], 3)}
    (folder / "broken.jpg").unlink()
    laid = list(CompositePhotos(FolderSource(folder), 10, seed=0))
    assert sum(photo.people or 0 for photo in laid) == 6
    assert all(photo.pixels is not None and len(photo.name.split(" + ")) == photo.people for photo in laid)


def test_command(riddle: Riddle, folder: Path):
    result = riddle(
        "measure",
        str(folder),
        "--pack",
        riddle.pack,
        "--encryptor",
        "encryptor-df",
        "-o",
        "out",
        "--count",
        "3",
        "--set",
        "gate=open",
        "--set",
        "mask=oval",
    )
    assert (result.status, result.err) == (0, "")
    report = read_report("out")
    assert report.details["counts"]["photos"] == 3
    assert len(report.details["photos"]) == 3
    assert (Path("out/table.md").read_text()).strip() in result.out
    before = riddle.files()
    riddle.refused(riddle("measure", "absent", "--pack", riddle.pack), "absent", before=before)
    riddle.refused(riddle("measure", str(folder), "--pack", riddle.pack, "-o", "photo.png"), "photo.png", before=before)
