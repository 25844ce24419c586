"""If this fails, the card of an encryptor is silent, or wrong, about what its records give away."""

import pytest

from riddle_pl.auditing.archives import FaceArchives
from riddle_pl.auditing.leaks import LeaksAudit
from riddle_pl.errors import ConfigError, DataError, PackError
from riddle_pl.evaluation.lfw import LFW
from riddle_pl.inversion import EncoderInversion

SMALL = {"public": 16, "components": 8, "records": 3, "guesses": 4, "photos": 2, "others": 1, "steps": 2}


def audit(bench, folder, role="encryptor-df", **changes):
    people = LFW(str(folder), faces="faces", pairs=None, count=6)
    settings = {"faces": FaceArchives(str(folder), ["people"], held_out=0.3), "encryptor": role, **SMALL, **changes}
    return LeaksAudit(EncoderInversion(bench.pack, "cpu"), people, **settings)


@pytest.mark.parametrize(("role", "ways"), [("encryptor-df", 5), ("encryptor", 3)])
def test_every_attack_reports(bench, audit_data, role, ways):
    one = audit(bench, audit_data, role)
    one.check(bench)
    found = one.run(bench)
    sections = [figure.section for figure in found.figures]
    assert [sections.count(section) for section in dict.fromkeys(sections)] == [ways, 1, 4, 4]
    assert sections[0] == "Found among 6, without a password (chance 0.1667)"
    assert {figure.count for figure in found.figures} == {6, 3, 2}
    assert all(
        0 <= figure.value <= 1 for figure in found.figures if figure.section in (sections[0], sections[ways + 1])
    )
    assert "attackers learn on 16 of people; invert=encoder" in found.about["faces"]


def test_an_untrained_reflection_is_broken(bench, audit_data):
    """The tiny pack's `encryptor-df` keeps the lengths of pairs: every record is linked to its photo."""
    found = audit(bench, audit_data).run(bench)
    by_lengths = [figure.value for figure in found.figures if "lengths of the pairs" in figure.name]
    assert by_lengths == [1.0, 1.0]


def test_the_same_seed_gives_the_same_figures(bench, audit_data):
    first, second = (audit(bench, audit_data).run(bench).figures for _ in range(2))
    assert first == second


def test_what_is_missing_is_said(bench, audit_data, tmp_path):
    with pytest.raises(PackError, match="parser is no encryptor"):
        audit(bench, audit_data, "parser").check(bench)
    with pytest.raises(DataError, match=r"people\.tar does not exist"):
        audit(bench, audit_data, faces=FaceArchives(str(tmp_path), ["people"])).check(bench)
    with pytest.raises(DataError, match="has 6 people; 7 are needed"):
        audit(bench, audit_data, records=7).check(bench)
    with pytest.raises(ConfigError, match=r"audit\.steps=0; give at least 1"):
        audit(bench, audit_data, steps=0)
    with pytest.raises(ConfigError, match=r"audit\.components=16 needs more faces"):
        audit(bench, audit_data, components=16)
