"""If this fails, the recogniser's card states a wrong accuracy, or praises gradients that change nobody."""

import pytest
import torch

from riddle_pl.errors import ConfigError, DataError
from riddle_pl.evaluation.audits.archives import FaceArchives
from riddle_pl.evaluation.audits.recogniser import RecogniserAudit
from riddle_pl.evaluation.audits.verification import best_threshold, fold_accuracies, fold_starts, roc_points
from riddle_pl.judging.calibration import Calibration
from riddle_pl.judging.lfw import LFW
from riddle_pl.judging.pairs import PairSimilarities


def pairs(cosines, same):
    return PairSimilarities(torch.tensor(cosines, dtype=torch.float64), torch.tensor(same, dtype=torch.bool), "pairs")


def test_folds_begin_with_pairs_of_one_person():
    assert fold_starts(torch.tensor([1, 1, 0, 1, 0, 0, 1, 0], dtype=torch.bool)) == [0, 3, 6]


def test_the_threshold_of_a_fold_comes_from_the_others():
    # the last fold alone would be told apart by 0.2; the others say 0.6
    cosines = [0.9, 0.3, 0.9, 0.3, 0.4, 0.0]
    assert fold_accuracies(pairs(cosines, [1, 0, 1, 0, 1, 0])).tolist() == [1.0, 1.0, 0.5]


def test_the_best_threshold_has_the_most_pairs_right():
    cosines, same = torch.tensor([0.1, 0.2, 0.3, 0.8]), torch.tensor([False, True, False, True])
    assert best_threshold(cosines, same) == pytest.approx(0.15)  # 0.55 is as good
    assert best_threshold(torch.tensor([0.5, 0.9]), torch.tensor([True, True])) < 0.5


def test_the_curve_starts_where_no_false_pair_is_accepted():
    far, tar = roc_points(pairs([0.9, 0.5, 0.4, 0.1], [1, 1, 0, 0]))
    assert (float(far[0]), float(tar[0])) == (0.0, 1.0)


def test_one_fold_is_refused():
    with pytest.raises(DataError, match="1 fold"):
        fold_accuracies(pairs([0.9, 0.1], [1, 0]))


def audit(folder, **changes):
    people = LFW(str(folder), faces="faces", pairs="pairs.txt", count=5)
    faces = FaceArchives(str(folder), ["people"], held_out=0.9)
    return RecogniserAudit(people, faces, **{"compared": True, "steps": 3, "length": 0.2, "smallest": 5, **changes})


def test_verifies_pairs_and_follows_the_gradient(context, audit_data):
    one = audit(audit_data)
    one.check(context)
    found = one.run(context)
    figures = {(figure.section, figure.name): figure for figure in found.figures}
    # the fake recogniser tells painted people apart by their colours
    assert figures["Verification by fake", "accuracy, mean of 2 folds"].value == 1.0
    assert figures["Verification by fake", "area under the ROC curve"].value == 1.0
    assert (
        0.5 < figures["Verification by this recogniser", "accuracy, mean of 2 folds"].value <= 1
    )  # better than chance
    assert ("Verification by this recogniser, mirror image added", "area under the ROC curve") in figures
    own = [point["cosine"] for point in found.curves["gradient, this recogniser"]]
    assert own[-1] < own[0]
    moved = [point["moved"] for point in found.curves["gradient, fake"]]
    assert moved[1] == pytest.approx(0.2, rel=1e-3)
    assert figures["Gradients", "fake: share of faces on which it fell"].count == 5
    assert {picture.name for picture in found.pictures} == {"roc", "gradients"}


def test_strangers_are_compared_within_their_group(context, audit_data, monkeypatch):
    def embed(_self, x):  # every image the same person
        return torch.ones(len(x), 4)

    one = audit(audit_data, compared=False, steps=1)
    apart = {(f.section, f.name): f for f in one.run(context).figures}
    monkeypatch.setattr("riddle_pl.judging.recognisers.PackEvaluator.embed", embed)
    monkeypatch.setattr(
        "riddle_pl.evaluation.audits.recogniser.calibrate", lambda _pairs, far: Calibration(0.5, far, 1, 6, 6)
    )
    alike = {(f.section, f.name): f for f in one.run(context).figures}
    section = "Two people of one group who pass as one at FAR 0.001 of LFW"
    groups = [name for where, name in alike if where == section]
    assert groups[0] == "all"
    assert {"female", "male", "up to 29"} <= set(groups)
    assert min(alike[section, group].count for group in groups) >= 5
    assert all(alike[section, group].value == 1.0 for group in groups)
    assert all(apart[section, group].value < 1 for group in groups)
    assert alike[section, "female"].count < alike[section, "all"].count


def test_a_value_out_of_range_is_said(audit_data):
    with pytest.raises(ConfigError, match=r"audit\.smallest=1"):
        audit(audit_data, smallest=1)
