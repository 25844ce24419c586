"""If this fails, a photo is published in which a face of the original is still to be seen."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage import data

from riddle_pl.faces.detect import Face, FaceDetector
from riddle_pl.faces.find import PhotoFaceDetector
from riddle_pl.key import KdfParams
from riddle_pl.photos.gate.gate import GateThresholds, OpenGate, QualityGate, Verdict
from riddle_pl.photos.gate.refusal import Reason
from riddle_pl.photos.last_look import FaceOutcomes, last_look
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.paste.solid import GREY
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.reports import EncryptRequest
from tests.photos.fakes import FakeDetector, fake_face, fake_photo

KDF = KdfParams(memory_kib=8, time=1, salt=bytes(range(16)))
FOUND, MISSED = fake_face((25.0, 35.0), 7.0), fake_face((74.0, 45.0), 5.0)


class Watchful(OpenGate):
    """Lets all pass at first, and looks again."""

    checks_whole_photo = True


class SeesLater(FakeDetector):
    """Sees one face in the photo, and more once the first is another."""

    def __init__(self, photo: np.ndarray, *later: Face):
        super().__init__(FOUND)
        self.photo, self.later = photo, list(later)

    def detect(self, image: np.ndarray) -> list[Face]:
        return super().detect(image) if (image == self.photo).all() else self.later


def encrypted(pack, later, gate=None, **request):
    photo = fake_photo()
    tool = Pseudonymiser(pack, SeesLater(photo, *later), "encryptor-df", gate=gate or Watchful(), face_map=OvalMap())
    [answer] = tool.encrypt_batch([EncryptRequest(photo, "secret", kdf=KDF, **request)])
    return photo, answer


def test_a_face_that_was_missed_is_refused_and_covered(tiny_pack) -> None:
    _, answer = encrypted(tiny_pack, [FOUND, MISSED])
    [refusal] = answer.refusals
    assert (refusal.face, refusal.reason) == (1, Reason.STILL_THERE)
    assert refusal.place == MISSED.where()
    x, y = MISSED.points[2].astype(int)
    assert (answer.image[y - 2 : y + 4, x - 3 : x + 3] == GREY).all()
    assert len(answer.record.faces) == 1
    assert [report.chosen for report in answer.faces] == [True, True]


def test_a_face_pasted_beside_leaves_the_real_one(tiny_pack) -> None:
    """As when the detector took a neck for the face: what it finds afterwards is the face, as it was."""
    beside = fake_face((25.0, 62.0), 7.0)
    _, answer = encrypted(tiny_pack, [FOUND, replace(beside, box=beside.box + np.array([0, 8, 0, 8]))])
    assert [refusal.reason for refusal in answer.refusals] == [Reason.STILL_THERE]


@pytest.mark.parametrize("request_", [{"only": [0]}, {"not_faces": [1]}])
def test_faces_that_are_to_stay_are_no_fault(tiny_pack, request_) -> None:
    photo = fake_photo()
    tool = Pseudonymiser(tiny_pack, FakeDetector(FOUND, MISSED), "encryptor-df", gate=Watchful(), face_map=OvalMap())
    [answer] = tool.encrypt_batch([EncryptRequest(photo, "secret", kdf=KDF, **request_)])
    assert answer.refusals == ()
    left, top, right, bottom = MISSED.box.astype(int)
    np.testing.assert_array_equal(answer.image[top:bottom, left:right], photo[top:bottom, left:right])
    assert [report.not_a_face for report in answer.faces] == [False, "not_faces" in request_]


def test_the_new_face_is_compared_in_its_own_alignment(tiny_pack) -> None:
    """The judge knows the original by a mean colour, and sees it again where the new face is said to be."""

    class Alike:
        name, note, same_person = "alike", "", 0.5

        def embed(self, x: torch.Tensor) -> torch.Tensor:
            return torch.ones(len(x), 2)

    class Judging(Watchful):
        def __init__(self) -> None:
            self.strict = QualityGate(Alike(), Alike(), GateThresholds(), FakeDetector(FOUND))
            self.asked = 0

        def published(self, x, x_out):
            self.asked += 1
            return super().published(x, x_out) if self.asked == 1 else self.strict.published(x, x_out)

    moved = FOUND.moved(1.0, np.array([2.0, 1.0]))
    _, answer = encrypted(tiny_pack, [moved], Judging())
    [refusal] = answer.refusals
    assert (refusal.face, refusal.reason) == (0, Reason.STILL_RECOGNISED)
    assert answer.record is None


class RefusesOnce(Watchful):
    """Takes the face that the last look finds for the person in the photo, and no other."""

    asked = 0

    def published(self, x, x_out):
        self.asked += 1
        refused = Verdict(0.9, Reason.STILL_RECOGNISED, "alike")
        return [refused if self.asked == 2 else Verdict(0.1)] * len(x)


class OddAtFirst(SeesLater):
    """Sees the new face in another pose, and the one that comes after it in the photo's."""

    def detect(self, image: np.ndarray) -> list[Face]:
        seen = super().detect(image)
        if seen is self.later:
            self.later = [FOUND]
        return seen


@pytest.mark.parametrize("why", ["alike", "pose"])
def test_what_the_last_look_refuses_for_its_person_gets_another_nonce_first(tiny_pack, monkeypatch, why) -> None:
    drawn = iter(bytes([number]) * 16 for number in range(10))
    monkeypatch.setattr("riddle_pl.photos.face_coder.fresh_nonce", lambda: next(drawn))
    photo = fake_photo()
    odd = replace(FOUND, points=FOUND.points + np.array([0.0, 0.3 * FOUND.side]))
    detector = SeesLater(photo, FOUND) if why == "alike" else OddAtFirst(photo, odd)
    gate = RefusesOnce() if why == "alike" else Watchful()
    tool = Pseudonymiser(tiny_pack, detector, "encryptor-df", gate=gate, face_map=OvalMap())
    [answer] = tool.encrypt_batch([EncryptRequest(photo, "secret", kdf=KDF)])
    assert answer.refusals == ()
    assert [face.nonce for face in answer.record.faces] == [bytes([1]) * 16]


NECK = FOUND.moved(1.0, np.array([0.0, 16.0]))
"""Below the new face, and in part of it."""


class SeesANeck(SeesLater):
    """Takes the place below the new face for another face; of parts of the photo, sees it in those that are named."""

    def __init__(self, photo: np.ndarray, seen_in: str):
        super().__init__(photo, FOUND, NECK)
        self.seen_in = seen_in
        self.asked: list[str] = []

    def detect(self, image: np.ndarray) -> list[Face]:
        if image.shape == self.photo.shape:
            return super().detect(image)
        part = "greyed" if (image == GREY).all(axis=-1).any() else "original"
        self.asked.append(part)
        middle = np.array(image.shape[1::-1]) / 2
        return [NECK.moved(1.0, middle - (NECK.box[:2] + NECK.box[2:]) / 2)] if part == self.seen_in else []


def with_a_neck(pack, seen_in):
    photo = fake_photo()
    detector = SeesANeck(photo, seen_in)
    tool = Pseudonymiser(pack, detector, "encryptor-df", gate=Watchful(), face_map=OvalMap())
    [answer] = tool.encrypt_batch([EncryptRequest(photo, "secret", kdf=KDF)])
    return photo, answer, detector


def test_a_neck_that_is_a_face_only_with_the_new_chin_above_it_stays(tiny_pack) -> None:
    photo, answer, detector = with_a_neck(tiny_pack, "nothing")
    assert set(detector.asked) == {"original", "greyed"}
    assert answer.refusals == ()
    assert not (answer.image == GREY).all(axis=-1).any()
    assert len(answer.faces) == 1
    x, y = NECK.points[3:].mean(axis=0).astype(int)
    np.testing.assert_array_equal(answer.image[y, x], photo[y, x])


@pytest.mark.parametrize("seen_in", ["original", "greyed"])
def test_a_face_that_a_new_one_touches_is_refused_where_it_is_seen_without_that(tiny_pack, seen_in: str) -> None:
    _, answer, _ = with_a_neck(tiny_pack, seen_in)
    assert [(refusal.face, refusal.reason) for refusal in answer.refusals] == [(1, Reason.STILL_THERE)]
    x, y = NECK.points[2].astype(int)
    assert (answer.image[y : y + 3, x - 2 : x + 3] == GREY).all()


def test_a_face_that_touches_no_new_one_is_refused_without_a_further_look(tiny_pack) -> None:
    photo = fake_photo()
    detector = SeesANeck(photo, "nothing")
    detector.later = [FOUND, MISSED]
    tool = Pseudonymiser(tiny_pack, detector, "encryptor-df", gate=Watchful(), face_map=OvalMap())
    [answer] = tool.encrypt_batch([EncryptRequest(photo, "secret", kdf=KDF)])
    assert [refusal.reason for refusal in answer.refusals] == [Reason.STILL_THERE]
    assert detector.asked == []


@pytest.fixture(scope="module")
def astronaut() -> tuple[np.ndarray, Face]:
    photo = data.astronaut()[:320, 60:380]
    return photo, FaceDetector().largest(photo)


def test_both_detectors_know_a_real_face_that_a_new_one_touches(astronaut) -> None:
    photo, face = astronaut
    left, top, right, bottom = face.box.astype(int)
    published = photo.copy()
    published[top - 40 : top + (bottom - top) // 5, left - 40 : right + 40] = 90
    [work] = last_look(photo, published, [face], FaceOutcomes([], [], []), Watchful(), PhotoFaceDetector())
    assert work.verdict.reason is Reason.STILL_THERE


@pytest.mark.parametrize(("turned", "refused"), [(0, []), (180, [(0, Reason.OTHER_POSE)])])
def test_a_new_face_in_another_pose_is_refused(tiny_pack, turned: int, refused) -> None:
    middle = FOUND.points.mean(axis=0)
    points = FOUND.points if not turned else 2 * middle - FOUND.points
    _, answer = encrypted(tiny_pack, [replace(FOUND, points=points)])
    assert [(refusal.face, refusal.reason) for refusal in answer.refusals] == refused
    assert (answer.record is None) == bool(refused)


def test_an_open_gate_does_not_look(tiny_pack) -> None:
    _, answer = encrypted(tiny_pack, [FOUND, MISSED], OpenGate())
    assert answer.refusals == ()
