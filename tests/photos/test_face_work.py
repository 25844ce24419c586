"""If this fails, another face than the chosen one is encrypted, or one without a place goes on its way."""

import numpy as np
import pytest
import torch

from riddle_pl.errors import ConfigError, NoFaceError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.photos.choices import choose_faces
from riddle_pl.photos.face_work import JUDGED_SIZE, aligned, invert, start_faces
from riddle_pl.photos.gate.gate import OpenGate, Verdict
from riddle_pl.photos.gate.refusal import Reason
from tests.photos.fakes import fake_face, fake_photo


def test_which_faces_are_chosen():
    assert choose_faces(3, None, "a.jpg") == [0, 1, 2]
    assert choose_faces(3, [2, 0, 2], "a.jpg", {1: "a password"}) == [0, 2]
    for index in (-1, 3):
        with pytest.raises(ConfigError, match=rf"a\.jpg has no face {index}; it has 3 \(0 to 2\)"):
            choose_faces(3, [0, index], "a.jpg")
        with pytest.raises(ConfigError, match=f"has no face {index}"):
            choose_faces(3, [0], "a.jpg", [1, index])
    with pytest.raises(NoFaceError, match=r"no face of a\.jpg was chosen"):
        choose_faces(3, [], "a.jpg")


class Sizes(OpenGate):
    """Says of each face how far its eyes are apart."""

    def detected(self, face):
        return Verdict(detail=str(face.points[1, 0] - face.points[0, 0]))


def test_faces_start_with_their_squares_and_the_gates_verdict():
    photo, faces = fake_photo(), [fake_face(eye_distance=10.0), fake_face((500.0, 40.0)), fake_face(eye_distance=8.0)]
    first, outside, last = start_faces(photo, faces, Sizes())
    for work, index in ((first, 0), (last, 2)):
        assert (work.index, work.face, work.passed) == (index, faces[index], True)
        np.testing.assert_array_equal(work.quad, ffhq_quad(faces[index].points))
    assert [work.verdict.detail for work in (first, last)] == ["10.0", "8.0"]
    assert (outside.index, outside.verdict.reason, len(outside.quad)) == (1, Reason.NOT_ALIGNED, 0)
    assert "outside the photo" in outside.verdict.detail
    report = outside.report(chosen=True, seconds=0.5)
    assert (report.index, report.face, report.chosen, report.seconds) == (1, faces[1], True, 0.5)
    assert (report.refusal.face, report.refusal.reason) == (1, Reason.NOT_ALIGNED)
    assert report.refusal.detail == outside.verdict.detail
    assert first.report(chosen=False, seconds=0.0).refusal is None


class Coder:
    """Inverts a face to its mean colour, and draws that."""

    def __init__(self):
        self.pack = type("Pack", (), {"size": 16})

    def invert(self, x):
        assert x.shape[2:] == (16, 16)
        return x.mean(dim=(1, 2, 3))[:, None, None].expand(-1, 8, 512)

    def context(self, x):
        return None

    def synthesise(self, w):
        return w[:, 0, 0, None, None, None].expand(-1, 3, 16, 16)


class Looks(OpenGate):
    def inversions(self, x, x_inv):
        self.seen = x, x_inv
        return [Verdict(0.1 * (1 + place), Reason.POORLY_INVERTED if place else None) for place in range(len(x))]


def test_each_face_that_has_passed_gets_its_own_inversion():
    faces = [fake_face((30.0, 40.0), 5.0), fake_face((500.0, 40.0)), fake_face((62.0, 42.0), 6.0)]
    works = first, outside, last = start_faces(fake_photo(), faces, OpenGate())
    gate = Looks()
    invert(works, Coder(), gate)
    assert outside.w is outside.judged is outside.inversion is None
    x, x_inv = gate.seen
    assert x.shape == (2, 3, JUDGED_SIZE, JUDGED_SIZE)
    for place, work in enumerate((first, last)):
        assert torch.equal(work.judged, x[place])
        assert torch.equal(x[place], align_face(fake_photo(), work.quad, JUDGED_SIZE)[0])
        assert float(work.w[0, 0]) == float(x_inv[place, 0, 0, 0])
        assert work.inversion == pytest.approx(0.1 * (1 + place))
    assert (first.passed, last.passed) == (True, False)
    before = gate.seen
    invert([outside, last], Coder(), gate)  # nobody is left
    assert gate.seen is before


def test_a_square_may_be_looked_at_in_another_picture():
    (work,) = start_faces(fake_photo(), [fake_face()], OpenGate())
    black = np.zeros_like(fake_photo())
    assert (aligned([work], 8, black) == -1).all()
    assert torch.equal(aligned([work], 8), align_face(fake_photo(), work.quad, 8))
