"""If this fails, a setting of the photo pipeline does nothing, or a misspelt one goes unnoticed."""

import shutil

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.faces.find import PhotoFaceDetector
from riddle_pl.inversion import EncoderInversion, OptimisedInversion, RefinedInversion
from riddle_pl.pack_names import EMBEDDED
from riddle_pl.packs import build, load_pack
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.gate.gate import GateThresholds, OpenGate, QualityGate
from riddle_pl.photos.paste.mask import BiSeNetMap, OvalMap, ParserMap
from riddle_pl.photos.pseudonymise import Pseudonymiser


def test_defaults_are_those_of_the_class(tiny_pack):
    built, plain = build_pseudonymiser(tiny_pack), Pseudonymiser(tiny_pack)
    for one in (built, plain):
        assert isinstance(one.gate, QualityGate)
        assert one.gate.thresholds == GateThresholds()
        assert isinstance(one.detector, PhotoFaceDetector)
        assert (one.detector.min_face, one.detector.min_score) == (28, 0.95)
        assert isinstance(one.brush.face_map, ParserMap)
        assert one.brush.face_map.pack is tiny_pack


@pytest.mark.parametrize(("option", "kind"), [("parser", ParserMap), ("bisenet", BiSeNetMap), ("oval", OvalMap)])
def test_masks(tiny_pack, option, kind):
    assert isinstance(build_pseudonymiser(tiny_pack, [f"mask={option}"]).brush.face_map, kind)


def test_values_arrive(tiny_pack):
    built = build_pseudonymiser(
        tiny_pack,
        ["face_detector.min_face=60", "gate.min_face=50.0", "gate.max_similarity=0.7"],
        "encryptor-df",
        "cpu",
        3,
    )
    assert built.detector.min_face == 60
    assert built.gate.thresholds.min_face == 50
    assert built.gate.same_person == 0.7
    assert (built.coder.encryptor_name, built.coder.batch_size) == ("encryptor-df", 3)
    assert isinstance(build_pseudonymiser(tiny_pack, ["gate=open"]).gate, OpenGate)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("gate.min_fase=3", "did you mean 'min_face'"),
        ("mask=bisnet", "did you mean 'bisenet'"),
        ("gaet=open", "gate"),
        ("gate.min_inversion=7.0", "cosine"),
        ("face_detector.min_face=big", "expected int"),
    ],
)
def test_mistakes_are_one_line(tiny_pack, setting, expected):
    with pytest.raises(ConfigError, match=expected) as error:
        build_pseudonymiser(tiny_pack, [setting])
    assert "\n" not in str(error.value)


def test_inversions(tiny_pack):
    assert isinstance(build_pseudonymiser(tiny_pack).coder.inversion, RefinedInversion)
    assert isinstance(build_pseudonymiser(tiny_pack, ["invert=encoder"]).coder.inversion, EncoderInversion)
    built = build_pseudonymiser(tiny_pack, ["invert=optimise", "invert.steps=3"])
    assert isinstance(built.coder.inversion, OptimisedInversion)
    assert (built.coder.inversion.settings.steps, built.coder.inversion.pack) == (3, tiny_pack)
    x = torch.rand(2, 3, tiny_pack.size, tiny_pack.size) * 2 - 1
    with torch.no_grad():
        refined = built.coder.invert(x)
    assert refined.shape == (2, tiny_pack.num_layers, 512)
    assert not torch.equal(refined, build_pseudonymiser(tiny_pack, ["invert=encoder"]).coder.invert(x))


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], "encryptor-padded"),
        (["invert=optimise"], "encryptor-padded"),
        (["invert.code_model=code_model"], "code_model"),
        (["invert=encoder"], None),
    ],
)
def test_codes_are_found_inside_of_a_padded_encryptors_model(overrides, expected):
    inversion = build_pseudonymiser(load_pack("mobile"), overrides).coder.inversion
    assert getattr(inversion, "code_model_role", None) == expected


def test_other_encryptors_have_the_packs_code_model(tmp_path):
    folder, args = shutil.copytree(EMBEDDED["mobile"], tmp_path / "mobile"), {"num_layers": 23, "ffn": 8}
    network = build("transformer_paper", args)
    write_pack_entry(folder, "encryptor-paper", network, "transformer_paper", args, tokens="single")
    inversion = build_pseudonymiser(load_pack(folder), encryptor="paper").coder.inversion
    assert inversion.code_model_role == "code_model"
