"""If this fails, the figures by which a number of public coordinates and of nonces is chosen are wrong."""

import shutil
from dataclasses import replace

import pytest
import torch

from riddle_pl.errors import ConfigError, PackError
from riddle_pl.evaluation.audits import public_part
from riddle_pl.evaluation.audits.public_part import PublicPartAudit
from riddle_pl.inversion import EncoderInversion
from riddle_pl.judging.detectors import Detections
from riddle_pl.judging.lfw import LFW
from riddle_pl.networks.encryptors.padded import PaddedEncryptor
from riddle_pl.packs import load_pack
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.photos.nonces import Choice
from riddle_pl.photos.paste.mask import ParserMap

K = 12


class Everywhere:
    """Finds a face in every image, with landmarks that follow its colours."""

    name = "everywhere"

    def locate(self, x):
        points = 100.0 * x.mean(dim=(2, 3))[:, :, None].expand(-1, -1, 2)
        return Detections(points.flatten(1)[:, :4], points)


@pytest.fixture(scope="module")
def padded_folder(tiny_pack_folder, tmp_path_factory):
    folder = shutil.copytree(tiny_pack_folder, tmp_path_factory.mktemp("packs") / "padded")
    pack = load_pack(folder)
    network = PaddedEncryptor(pack.num_layers, K, public=2)
    network.codes.fit(pack.generator().broadcast(pack.generator().random_w(300, 0)).detach())
    args = {"num_layers": pack.num_layers, "components": K, "public": 2}
    write_pack_entry(folder, "encryptor-padded", network, "padded", args, tokens="key_stream", license="none")
    return folder


@pytest.fixture
def padded(context, padded_folder, monkeypatch):
    monkeypatch.setattr(ParserMap, "__call__", lambda _self, x: torch.ones(len(x), 1, 8, 8))
    monkeypatch.setattr(
        public_part.BestFit,
        "best",
        lambda _self, x, drawn: Choice(torch.full((len(x),), drawn.shape[1] - 1), torch.zeros(len(x))),
    )
    return replace(context, pack=load_pack(padded_folder), detectors=[Everywhere()])


def audit(context, folder, **changes):
    people = LFW(str(folder), faces="faces", pairs="pairs.txt", count=6)
    settings = {"public": [0, K - 1], "candidates": [1, 3], **changes}
    return PublicPartAudit(EncoderInversion(context.pack, "cpu"), people, **settings)


def test_the_more_is_public_the_more_a_face_is_like_the_original(padded, audit_data):
    one = audit(padded, audit_data)
    one.check(padded)
    figures = {(figure.section, figure.name): figure for figure in one.run(padded).figures}
    colour = "colour of the face, ΔE (CIE76) from the photo's"
    for count in (1, 3):
        few, many = (f"{public} public coordinates, best of {count}" for public in (0, K - 1))
        again = "de-identification, against the inversion, by fake"
        assert figures[many, again].value >= figures[few, again].value
        assert figures[few, "everywhere finds a face"].value == 1.0
        assert figures[few, colour].count == 6
    assert figures["0 public coordinates, best of 1", colour] != figures["0 public coordinates, best of 3", colour]


def test_another_photo_of_a_person_is_looked_for(padded, audit_data):
    figures = {figure.name: figure for figure in audit(padded, audit_data).run(padded).figures}
    for name in (f"by {K - 1} public coordinates", "by the photo without its face"):
        assert 0.0 <= figures[name].value <= 1.0
        assert figures[name].count > 1
    assert "by 0 public coordinates" not in figures


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"public": [-1]}, ConfigError, r"audit.public=\[-1\]"),
        ({"candidates": [0]}, ConfigError, r"audit.candidates=\[0\]"),
        ({"public": [K]}, ConfigError, "has 12 coordinates"),
        ({"encryptor": "encryptor"}, ConfigError, "only a padded encryptor has a public part"),
        ({"encryptor": "parser"}, PackError, "parser is no encryptor"),
    ],
)
def test_what_cannot_be_measured_is_refused(padded, audit_data, changes, error, message):
    with pytest.raises(error, match=message):
        audit(padded, audit_data, **changes).check(padded)


def test_coordinates_that_cannot_be_in_clear_are_refused(padded, audit_data):
    entry = padded.pack.manifest.networks["encryptor-padded"]
    entry.args["public"], before = 0, entry.args["public"]
    try:
        with pytest.raises(ConfigError, match=r"audit.public=\[0, 2\]; encryptor-padded was fitted without directions"):
            audit(padded, audit_data, public=[0, 2]).check(padded)
    finally:
        entry.args["public"] = before
