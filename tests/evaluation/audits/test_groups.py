"""If this fails, an encryptor's card is wrong about who is recognised more, or brought back less, than others."""

from dataclasses import replace

import pytest
import torch

from riddle_pl.errors import ConfigError, DataError, PackError
from riddle_pl.evaluation.audits.archives import FaceArchives, members_of
from riddle_pl.evaluation.audits.groups import GroupsAudit
from riddle_pl.evaluation.methods.pack import PackMethod
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.inversion import EncoderInversion
from riddle_pl.judging.detectors import Detections
from riddle_pl.judging.lfw import LFW


class BrightEnough:
    """Finds a face in every image whose first pixel is positive."""

    name = "bright"

    def locate(self, x):
        found = x[:, 0, 0, 0] > 0
        nowhere = torch.full((len(x), 4), float("nan"))
        boxes = torch.where(found[:, None], torch.ones(len(x), 4), nowhere)
        return Detections(boxes, boxes[:, None, :2].expand(-1, 5, -1))


def audit(context, folder, **changes):
    people = LFW(str(folder), faces="faces", pairs="pairs.txt", count=6)
    settings = {
        "faces": FaceArchives(str(folder), ["people"], held_out=0.9),
        "encryptor": "encryptor-df",
        "smallest": 5,
        **changes,
    }
    return GroupsAudit(EncoderInversion(context.pack, "cpu"), people, passwords=TextPasswords(), **settings)


def found_by(one, context):
    return {
        (figure.section.partition(":")[0].partition(", by")[0], figure.name): figure
        for figure in one.run(context).figures
    }


def test_each_group_gets_its_own_rates(context, audit_data, monkeypatch):
    def images(_self, names, x):
        women = torch.tensor(["female" in name for name in names])[:, None, None, None]
        bright, other = x.abs() + 0.1, x.flip(2) - 3.0
        return {
            "inversion": bright,
            "encrypted": torch.where(women, bright, other),
            "encrypted_2": other,
            "recovered": bright,
            "wrong": other,
        }

    monkeypatch.setattr(PackMethod, "images", images)
    context = replace(context, detectors=[BrightEnough()])
    one = audit(context, audit_data)
    one.check(context)
    figures = found_by(one, context)
    women, men, all_ = ("female", "male", "all")
    assert [figures["De-identification", group].value for group in (women, men)] == [1.0, 0.0]
    assert [figures["Two passwords", group].value for group in (women, men)] == [0.0, 1.0]
    assert [figures["bright finds the encrypted face", group].value for group in (women, men)] == [1.0, 0.0]
    assert {figures["Recovery", group].value for group in (women, men, all_)} == {1.0}
    assert {figures["Wrong password", group].value for group in (women, men, all_)} == {0.0}
    share = figures["De-identification", women].count / figures["De-identification", all_].count
    assert figures["De-identification", all_].value == pytest.approx(share)


def test_the_networks_of_the_pack_are_asked(context, audit_data):
    one = audit(context, audit_data, count=12)
    figures = found_by(one, context)
    assert figures["Recovery", "all"].count == 12
    for title in ("De-identification", "Recovery", "Two passwords", "Wrong password"):
        men, everybody = figures[title, "male"], figures[title, "all"]
        among_men, among_all = men.value * men.count, everybody.value * everybody.count
        assert (among_men, among_all) == pytest.approx((round(among_men), round(among_all)))
        assert 0 <= among_all - among_men <= everybody.count - men.count


def test_small_groups_are_left_out():
    names = ["a/1_female_asian.jpg", "a/2_female_black.jpg", "a/3_male_black.jpg", "b/4A31.jpg"]
    assert members_of(names, 2) == {"black": [1, 2], "female": [0, 1]}


def test_what_is_missing_is_said(context, audit_data, tmp_path):
    with pytest.raises(PackError, match="parser is no encryptor"):
        audit(context, audit_data, encryptor="parser").check(context)
    with pytest.raises(DataError, match=r"people\.tar does not exist"):
        audit(context, audit_data, faces=FaceArchives(str(tmp_path), ["people"])).check(context)
    with pytest.raises(ConfigError, match="evaluators is empty"):
        audit(context, audit_data).check(replace(context, recognisers=[]))
    with pytest.raises(ConfigError, match=r"audit\.count=1"):
        audit(context, audit_data, count=1)
