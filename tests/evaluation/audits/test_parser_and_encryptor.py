"""If this fails, the cards of parser and encryptor state wrong overlaps, times or sizes."""

import pytest
import torch

from riddle_pl.errors import ConfigError, DataError, PackError
from riddle_pl.evaluation.audits.encryptor import EncryptorAudit
from riddle_pl.evaluation.audits.parser import ParserAudit
from riddle_pl.inversion import RefinedInversion
from riddle_pl.pretraining.label_maps import COLOURS
from riddle_pl.pretraining.parser import NAMES


def test_overlap_per_class(context, audit_data, monkeypatch):
    label = [*COLOURS][-1]  # the innermost of the boxes that are drawn

    class One(torch.nn.Module):
        """Takes every pixel for that class."""

        def forward(self, x):
            logits = torch.zeros(len(x), 19, *x.shape[2:])
            logits[:, label] = 1.0
            return logits

    monkeypatch.setattr(type(context.pack), "load", lambda _pack, _role: One())
    audit = ParserAudit(str(audit_data), held_out=0.6)
    audit.check(context)
    found = audit.run(context)
    iou = {figure.name: figure.value for figure in found.figures}
    assert set(iou) == {
        "background", "skin", "nose", "eyes", "mouth", "hair", "mean", "share of pixels right, mean of photos"
    }  # fmt: skip
    agreed, right = iou.pop(NAMES[label]), iou.pop("share of pixels right, mean of photos")
    assert 0 < agreed < 1
    assert right == pytest.approx(agreed, abs=0.05)  # over photos instead of over pixels
    assert iou.pop("mean") == pytest.approx(agreed / 6)
    assert set(iou.values()) == {0.0}
    assert [picture.name for picture in found.pictures] == ["labels"]


def test_a_missing_archive_is_said(context, tmp_path):
    with pytest.raises(DataError, match=r"fasseg\.tar does not exist"):
        ParserAudit(str(tmp_path)).check(context)


def test_times_and_sizes(context):
    audit = EncryptorAudit(RefinedInversion(context.pack, "cpu"), "encryptor-df", repeats=1)
    audit.check(context)
    figures = audit.run(context).figures
    speed = [figure.name for figure in figures if figure.section == "Speed"]
    assert speed[0].startswith("loading generator, encoder, recogniser, encryptor-df, hashes verified")
    assert speed[1].startswith("encrypting one aligned face, invert=refine")
    sizes = {figure.name: figure.value for figure in figures if figure.section == "Size in MB"}
    assert sizes["generator"] == pytest.approx(context.pack.path("generator").stat().st_size / 1e6)
    assert sizes.pop("all") == pytest.approx(sum(sizes.values()))
    assert all(figure.value > 0 for figure in figures if figure.section == "Speed")


def test_another_network_is_no_encryptor(context):
    inversion = RefinedInversion(context.pack, "cpu")
    with pytest.raises(PackError, match="parser is no encryptor"):
        EncryptorAudit(inversion, "parser").check(context)
    with pytest.raises(ConfigError, match="repeats=0"):
        EncryptorAudit(inversion, repeats=0)
