"""If this fails, a face that is still recognised passes the gate, or good ones are refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.faces.detect import Face
from riddle_pl.judging import gate_judges as judges
from riddle_pl.judging.dlib_recogniser import LFW_COSINE_THRESHOLD
from riddle_pl.judging.gate_judges import PackJudge, best_judge
from riddle_pl.judging.lfw import LFW
from riddle_pl.packs import load_pack
from riddle_pl.photos.gate.gate import FEWEST_PARTS, GateThresholds, OpenGate, QualityGate, Verdict
from riddle_pl.photos.gate.refusal import FaceRefusedError, Reason, Refusal
from riddle_pl.photos.paste.regions import BiSeNetRegions
from riddle_pl.photos.paste.solid import GREY, solid_face
from riddle_pl.photos.reports import FaceReport
from tests.photos.fakes import FakeDetector, fake_face, fake_photo


class MeanJudge:
    """Takes the mean colour for the person."""

    name, note, same_person = "mean", "", 0.9

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(2, 3))


RED, GREEN = torch.tensor([1.0, 0, 0]).view(3, 1, 1), torch.tensor([0, 1.0, 0]).view(3, 1, 1)


def faces(*colours: torch.Tensor, size: int = 16) -> torch.Tensor:
    return torch.stack([colour.expand(3, size, size) for colour in colours])


def gate(*found, **thresholds) -> QualityGate:
    return QualityGate(MeanJudge(), MeanJudge(), GateThresholds(**thresholds), FakeDetector(*found))


@pytest.mark.parametrize(("eye_distance", "passes"), [(2.0, False), (12.0, True)])
def test_small_faces(eye_distance, passes):
    verdict = gate().detected(fake_face(eye_distance=eye_distance))
    assert verdict.reason is (None if passes else Reason.TOO_SMALL)
    assert verdict.detail == ("" if passes else "it is 6 px wide, and 24 px are needed")


@pytest.mark.parametrize(
    ("width", "height", "passes"), [(24, 24, True), (24, 90, True), (23.9, 90, False), (90, 23.9, False)]
)
def test_the_shorter_side_of_the_box_must_have_24_pixels(width, height, passes):
    face = replace(fake_face(), box=np.array([10.0, 20.0, 10.0 + width, 20.0 + height]))
    assert gate().detected(face).reason is (None if passes else Reason.TOO_SMALL)
    assert gate(min_face=12.0).detected(face).reason is None


def test_a_face_seen_from_the_side_is_refused():
    def turned(share: float) -> Face:
        face = fake_face()
        middle = face.points[:2].mean(axis=0)
        return replace(face, points=np.vstack([middle + share * (face.points[:2] - middle), face.points[2:]]))

    front = fake_face().eye_distance
    assert gate().detected(turned(0.61 / front)).reason is None
    verdict = gate().detected(turned(0.5 / front))
    assert verdict.reason is Reason.TURNED_AWAY
    assert "the distance of its eyes is 0.50 of that from eyes to mouth, and 0.60 is needed" in verdict.detail
    assert gate(min_eye_distance=0.0).detected(turned(0.0)).reason is None
    refusal = Refusal(0, verdict.reason, verdict.detail)
    assert "cover it: --on-failure solid" in str(FaceRefusedError("a.jpg", [refusal]))


def test_what_has_no_part_of_a_face_is_refused():
    lamp, face = gate().parsed([0.001, 0.004])
    assert face == Verdict()
    assert lamp.reason is Reason.NO_PARTS
    assert "neither eyes, brows, nose nor mouth" in lamp.detail
    assert "if it is no face: --not-a-face 3" in str(FaceRefusedError("a.jpg", [Refusal(3, lamp.reason, lamp.detail)]))
    assert OpenGate().parsed([0.0]) == [Verdict()]


def test_inversions_need_a_face_and_likeness():
    x, x_inv = faces(RED, RED), faces(RED, GREEN, size=8)
    like, unlike = gate(fake_face(), min_inversion=0.5).inversions(x, x_inv)
    assert (like.reason, like.similarity) == (None, pytest.approx(1.0))
    assert unlike.reason is Reason.POORLY_INVERTED
    assert "similarity of 0.00" in unlike.detail
    faceless, _ = gate().inversions(x, x_inv)
    assert faceless.reason is Reason.POORLY_INVERTED
    assert "no face" in faceless.detail


@pytest.mark.parametrize(("likeness", "passes"), [(0.0, True), (-0.01, False), (-0.1, False), (-0.9, False)])
def test_an_inversion_less_like_its_photo_than_a_stranger_is_refused(likeness, passes):
    inversion = likeness * RED + (1 - likeness**2) ** 0.5 * GREEN
    (verdict,) = gate(fake_face()).inversions(faces(RED), faces(inversion))
    assert verdict.similarity == pytest.approx(likeness, abs=1e-6)
    assert verdict.reason is (None if passes else Reason.POORLY_INVERTED)
    (strict,) = gate(fake_face(), min_inversion=0.2).inversions(faces(RED), faces(0.19 * RED + 0.98 * GREEN))
    assert strict.reason is Reason.POORLY_INVERTED


def test_a_face_is_looked_for_in_the_inversion_at_96_pixels():
    seen = []

    class Looks(FakeDetector):
        def detect(self, image):
            seen.append(image)
            return super().detect(image)

    QualityGate(MeanJudge(), MeanJudge(), None, Looks(fake_face())).inversions(faces(RED), faces(GREEN, size=256))
    (image,) = seen
    assert image.shape == (96, 96, 3)
    assert image[48, 48].tolist() == [128, 255, 128]
    detector = QualityGate(MeanJudge(), MeanJudge()).detector
    assert (detector.min_face, detector.min_score) == (32, 0.9)


def test_a_face_that_is_just_at_the_threshold_is_refused_and_those_after_it_are_judged_too():
    other, same, last = gate(max_similarity=0.0).published(faces(RED, RED, RED), faces(-RED, GREEN, RED))
    assert (other.reason, other.similarity) == (None, pytest.approx(-1.0))
    assert (same.reason, same.similarity) == (Reason.STILL_RECOGNISED, 0.0)
    assert last.reason is Reason.STILL_RECOGNISED
    assert gate().same_person == MeanJudge.same_person


def test_published_faces_must_be_someone_else():
    same, other = gate().published(faces(RED, RED), faces(RED, GREEN))
    assert same.reason is Reason.STILL_RECOGNISED
    assert "threshold 0.900" in same.detail
    assert (other.reason, other.similarity) == (None, pytest.approx(0.0))
    assert gate(max_similarity=1.0).published(faces(RED), faces(RED + 0.2 * GREEN))[0].reason is None
    assert gate().published(torch.zeros(0, 3, 8, 8), torch.zeros(0, 3, 8, 8)) == []


@pytest.mark.parametrize("edge", [{"min_face": 0.0}, {"min_inversion": -1.0}, {"max_similarity": 1.0}])
def test_thresholds_may_be_at_their_ends(edge):
    assert GateThresholds(**edge) != GateThresholds()


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_face": -0.5},
        {"min_face": float("nan")},
        {"min_inversion": 1.01},
        {"min_inversion": -1.01},
        {"max_similarity": 1.01},
        {"max_similarity": float("nan")},
    ],
)
def test_thresholds_out_of_range(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        GateThresholds(**wrong)


def test_the_judge_is_dlibs_where_it_is_installed_and_says_so_where_not(tiny_pack, monkeypatch):
    monkeypatch.setattr(judges.DlibRecogniser, "available", staticmethod(lambda: True))
    assert isinstance(best_judge(tiny_pack), judges.DlibRecogniser)
    assert best_judge(tiny_pack).note == ""
    assert best_judge(tiny_pack).same_person == LFW_COSINE_THRESHOLD
    monkeypatch.setattr(judges.DlibRecogniser, "available", staticmethod(lambda: False))
    judge = best_judge(tiny_pack)
    assert isinstance(judge, PackJudge)
    assert "riddle-pl[dlib]" in QualityGate(judge, judge).note
    x = torch.rand(2, 3, 128, 128) * 2 - 1
    torch.testing.assert_close(judge.embed(x), tiny_pack.load("recogniser")(x))
    assert judge.embed(x).abs().max() > 0


def test_the_open_gate_says_that_it_is_open():
    assert OpenGate().note == "the quality gate is off: no face was checked"
    assert OpenGate().detected(fake_face(eye_distance=1.0)).reason is None
    for answer in (OpenGate().published, OpenGate().inversions):
        assert [verdict.reason for verdict in answer(faces(RED, RED), faces(RED, RED))] == [None, None]


def test_the_error_names_photo_face_reason_and_how_many_more():
    refusals = [Refusal(2, Reason.TOO_SMALL, "it is small"), Refusal(3, Reason.TOO_SMALL, "so")]
    error = FaceRefusedError("a.jpg", refusals)
    hint = "; if it is no face: --not-a-face"
    assert str(error) == f"face 2 of a.jpg is refused: it is small (and 1 more of its faces){hint} 2"
    assert error.refusals == tuple(refusals)
    assert str(FaceRefusedError("a.jpg", refusals[1:])) == f"face 3 of a.jpg is refused: so{hint} 3"
    alike = Refusal(1, Reason.STILL_RECOGNISED, "alike", "20 x 30 px at (5, 6)")
    told = str(FaceRefusedError("a.jpg", [alike]))
    assert told.startswith("face 1 of a.jpg (20 x 30 px at (5, 6)) is refused: alike; run it again, which draws other")
    assert "--linkable" in told
    assert told.endswith("or cover it: --on-failure solid")
    there = FaceRefusedError("a.jpg", [Refusal(1, Reason.STILL_THERE, "it is there")])
    assert str(there).endswith(
        "it is there; if it is no face, run it again, which draws another person, or cover it: --on-failure solid"
    )


def test_a_face_that_one_of_two_detectors_sees_is_refused():
    for found_by, reason in (((), None), (("mtcnn", "retinaface"), None), (("retinaface",), Reason.ONE_DETECTOR)):
        verdict = gate().detected(replace(fake_face(), found_by=found_by))
        assert verdict.reason is reason
    assert verdict.detail == "only retinaface takes it for a face"


def test_reports_are_plain_values():
    import json

    face = fake_face()
    report = FaceReport(
        1,
        face,
        True,
        Verdict(np.float64(0.25), judge="pack", threshold=0.1),
        None,
        Refusal(1, Reason.TOO_SMALL, "so"),
        0.5,
    )
    plain = json.loads(json.dumps(report.to_json()))
    assert plain["index"] == 1
    assert plain["refused"] == "too_small"
    assert plain["inversion_quality"] == 0.25
    assert (plain["inversion_judge"], plain["inversion_threshold"]) == ("pack", 0.1)
    assert plain["similarity_after"] is None
    assert len(plain["box"]) == 4


@pytest.mark.parametrize("centre", [(48.0, 40.0), (1.0, 1.0), (95.0, 79.0)])
def test_a_solid_face_leaves_nothing_and_changes_nothing_else(centre):
    photo, face = fake_photo(), fake_face(centre)
    before = photo.copy()
    result = solid_face(photo, face)
    np.testing.assert_array_equal(photo, before)
    filled = (result == GREY).all(axis=-1)
    np.testing.assert_array_equal(result[~filled], photo[~filled])
    y, x = np.mgrid[:80, :96] + 0.5
    left, top, right, bottom = face.box
    assert filled[(x > left) & (x < right) & (y > top) & (y < bottom)].all()
    assert filled.mean() < 0.5


@pytest.mark.slow
def test_bisenet_sees_parts_in_faces(shared, monkeypatch):
    monkeypatch.delenv("RIDDLE_HOME")  # where `make setup` puts it
    pack = load_pack("mobile")
    if not pack.has("face_mask"):
        pytest.skip("face_mask of pack mobile is not there (make setup)")
    regions = BiSeNetRegions(pack)
    people = LFW(str(shared / "data"), count=40).held_out(1, 128)
    shares = torch.tensor([float((regions(x).parts > 0.5).float().mean()) for _, x in people])
    assert (shares < FEWEST_PARTS).sum() <= 1
    assert shares.median() > 10 * FEWEST_PARTS


@pytest.mark.slow
def test_the_packs_judge_takes_one_in_a_thousand_pairs_of_strangers_for_one_person(shared):
    """Its threshold belongs to the recogniser that the pack ships, and is measured anew when that changes."""
    people = LFW(str(shared / "data"), count=300)
    judge = PackJudge(load_pack("lite"))
    embeddings = torch.cat([judge.embed(x) for _, x in people.held_out(0, 128)])
    first, second = torch.triu_indices(len(embeddings), len(embeddings), offset=1)
    cosines = (embeddings @ embeddings.T)[first, second]
    assert 3e-4 < (cosines > judge.same_person).double().mean() < 3e-3
