"""If this fails, a photo is published in which a face of the original is still to be seen."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from riddle_pl.faces.detect import Face
from riddle_pl.key import KdfParams
from riddle_pl.photos.gate.gate import GateThresholds, OpenGate, QualityGate
from riddle_pl.photos.gate.refusal import Reason
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.paste.solid import GREY
from riddle_pl.photos.pseudonymise import EncryptRequest, Pseudonymiser
from tests.photos.fakes import FakeDetector, fake_face, fake_photo

KDF = KdfParams(memory_kib=8, time=1, salt=bytes(range(16)))
FOUND, MISSED = fake_face((25.0, 35.0), 7.0), fake_face((74.0, 45.0), 5.0)


class Watchful(OpenGate):
    """Lets all pass at first, and looks again."""

    looks_again = True


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


def test_an_open_gate_does_not_look(tiny_pack) -> None:
    _, answer = encrypted(tiny_pack, [FOUND, MISSED], OpenGate())
    assert answer.refusals == ()
