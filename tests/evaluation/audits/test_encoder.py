"""If this fails, the encoder's card is wrong about what an inversion keeps, for whom, or how near to W it stays."""

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.audits.archives import FaceArchives
from riddle_pl.evaluation.audits.encoder import EncoderAudit
from riddle_pl.evaluation.audits.w_statistics import LEADING, w_statistics
from riddle_pl.inversion import EncoderInversion, OptimisedInversion
from riddle_pl.judging.lfw import LFW


def audit(folder, inversion, **changes):
    people = LFW(str(folder), faces="faces", pairs="pairs.txt", count=6)
    faces = FaceArchives(str(folder), ["people"], held_out=0.9)
    return EncoderAudit(people, faces, inversion, **{"refined": 3, "smallest": 5, **changes})


def test_measures_both_inversions_and_groups(context, audit_data):
    one = audit(audit_data, OptimisedInversion(context.pack, "cpu", steps=8, learning_rate=0.2))
    one.check(context)
    found = one.run(context)
    figures = {(figure.section, figure.name): figure for figure in found.figures}
    encoder, optimised = "invert=encoder: 3 of these people", "invert=optimise: 3 of these people"
    assert figures["LFW: 6 people", "PSNR in dB"].count == 6
    assert figures[optimised, "PSNR in dB"].value > figures[encoder, "PSNR in dB"].value
    assert figures[optimised, "seconds per face"].value > figures[encoder, "seconds per face"].value
    identified = figures["LFW: 6 people", "identified by fake at FAR 0.001"]
    assert identified.value * 6 == pytest.approx(round(identified.value * 6))
    assert identified.low < identified.value < identified.high  # some of the six, by the faces' colours
    assert figures["LFW: 6 people", "distance in pack_features"].value > 0
    assert "cosine above" in found.about["same person by fake"]
    groups = {name.partition(":")[0] for section, name in figures if section == "By group"}
    assert {"female", "male", "up to 29"} <= groups
    assert not any(picture.shareable for picture in found.pictures)  # they show photos of the data


def test_the_encoder_alone_needs_no_archives(context, audit_data):
    one = audit(audit_data, EncoderInversion(context.pack, "cpu"), count=0)
    sections = {figure.section for figure in one.run(context).figures}
    assert sections == {"LFW: 6 people"}


def test_codes_of_w_are_near_w_and_others_are_not(tiny_pack):
    generator = tiny_pack.load("generator")
    spread = w_statistics(generator, 0)
    assert spread.leading.shape == (512, LEADING)
    with torch.no_grad():
        w = generator.broadcast(generator.mapping(torch.randn(20, 512, generator=torch.Generator().manual_seed(9))))
    noise = spread.deviation * torch.randn(w.shape, generator=torch.Generator().manual_seed(1))
    assert spread.offsets(w).max() == 0
    assert spread.offsets(w + noise).mean() == pytest.approx(2**0.5, rel=0.05)
    assert spread.outside(w).mean() < spread.outside(w + noise).mean()
    assert spread.outside(spread.mean + noise.double()).mean() == pytest.approx(1 - LEADING / 512, abs=0.03)


def test_a_value_out_of_range_is_said(context, audit_data):
    with pytest.raises(ConfigError, match="refined=0"):
        audit(audit_data, EncoderInversion(context.pack), refined=0)
