"""If this fails, the images that are judged are not those that `riddle encrypt` would make."""

import json

import pytest
import torch

from riddle_pl.errors import ConfigError, PackError
from riddle_pl.evaluation.methods.pack import PackMethod
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.inversion import EncoderInversion, OptimisedInversion
from riddle_pl.pack_names import MANIFEST_NAME
from riddle_pl.packs import load_pack
from riddle_pl.photos.face_coder import FaceCoder
from riddle_pl.photos.paste.mask import ParserMap
from tests.photos.reading import reading_pack


def method(pack, role="encryptor"):
    return PackMethod(EncoderInversion(pack, "cpu"), role, TextPasswords(), 0, "cpu")


@pytest.fixture(scope="module")
def x():
    return torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("role", ["encryptor", "encryptor-df"])
def test_images_are_those_of_the_photo_pipeline(tiny_pack, x, role):
    images = method(tiny_pack, role).images(["a", "b", "c"], x)
    coder = FaceCoder(tiny_pack, role, inversion=EncoderInversion(tiny_pack, "cpu"))
    keys = TextPasswords().keys(0, "b")
    w = coder.invert(x[1:2])
    w_enc = coder.transform(w, coder.password(keys.right, None))
    expected = {
        "photo": x[1:2],
        "inversion": coder.synthesise(w),
        "encrypted": coder.synthesise(w_enc),
        "encrypted_2": coder.synthesise(coder.transform(w, coder.password(keys.other, None))),
        "recovered": coder.synthesise(coder.transform(w_enc, coder.password(keys.right, None))),
        "wrong": coder.synthesise(coder.transform(w_enc, coder.password(keys.wrong, None))),
        "near_miss": coder.synthesise(coder.transform(w_enc, coder.password(keys.near_miss, None))),
    }
    assert list(images) == list(expected)
    for name, image in expected.items():
        torch.testing.assert_close(images[name][1:2], image, rtol=1e-4, atol=1e-4, msg=name)


def test_without_a_role_it_is_the_usual_encryptor_or_the_one_for_photos(tiny_pack, tmp_path):
    pack = reading_pack(tiny_pack, tmp_path / "pack")
    assert method(pack, None).role == "encryptor"
    path = tmp_path / "pack" / MANIFEST_NAME
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["networks"]["encryptor"]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert method(load_pack(tmp_path / "pack"), None).role == "encryptor-padded"


def test_a_padded_encryptor_encrypts_in_the_photo_s_context(tiny_pack, x, tmp_path, monkeypatch):
    monkeypatch.setattr(ParserMap, "__call__", lambda _self, x: torch.ones(len(x), 1, 8, 8).tril())
    pack = reading_pack(tiny_pack, tmp_path / "pack")
    judged = method(pack, "encryptor-padded")
    assert "parser" in judged.facts["networks"]
    images = judged.images(["a", "b", "c"], x)
    coder = FaceCoder(pack, "encryptor-padded", inversion=EncoderInversion(pack, "cpu"))
    w, context = coder.invert(x), coder.context(x)
    assert context.std(dim=0).max() > 1e-3
    streams = torch.cat([coder.password(TextPasswords().keys(0, name).right, None) for name in "abc"])
    w_enc = coder.transform(w, streams, context)
    torch.testing.assert_close(images["encrypted"], coder.synthesise(w_enc), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(images["recovered"], coder.synthesise(w), rtol=1e-4, atol=1e-4)
    many = judged.encryptions("b", x[1:2], 2)
    torch.testing.assert_close(many["encrypted"][:1], judged.encryptions("b", x[1:2], 1)["encrypted"])


def test_encryption_starts_at_the_code_that_invert_finds(tiny_pack, x):
    refining = OptimisedInversion(tiny_pack, "cpu", steps=3)
    refined = PackMethod(refining, "encryptor", TextPasswords(), 0, "cpu")
    assert refined.facts["inversion"] == "invert=optimise"
    assert refined.facts["networks"].keys() == {"generator", "encoder", "recogniser", "perceptual", "encryptor"}
    images, plain = refined.images(["a"], x[:1]), method(tiny_pack).images(["a"], x[:1])
    torch.testing.assert_close(images["inversion"], FaceCoder(tiny_pack).synthesise(refining(x[:1])))
    for name in set(images) - {"photo"}:
        assert (images[name] - plain[name]).abs().max() > 1e-3, name


def test_a_face_does_not_depend_on_its_batch(tiny_pack, x):
    pack = method(tiny_pack)
    whole, alone = pack.images(["a", "b", "c"], x), pack.images(["c"], x[2:])
    for name in whole:
        torch.testing.assert_close(whole[name][2:], alone[name], rtol=1e-4, atol=1e-4)


def test_many_passwords_give_many_images_and_fewer_are_the_first_of_them(tiny_pack, x):
    pack = method(tiny_pack, "encryptor-df")
    three, two = pack.encryptions("a", x[:1], 3), pack.encryptions("a", x[:1], 2)
    assert sorted(three) == ["encrypted", "wrong"]
    for kind, images in three.items():
        assert images.shape == (3, 3, 32, 32)
        torch.testing.assert_close(images[:2], two[kind], rtol=1e-4, atol=1e-4)
        assert (images[0] - images[1]).abs().max() > 1e-3
    coder = FaceCoder(tiny_pack, "encryptor-df", inversion=EncoderInversion(tiny_pack, "cpu"))
    keys = TextPasswords().many(0, "a", 3)
    w = coder.invert(x[:1])
    w_enc = coder.transform(w, coder.password(TextPasswords().keys(0, "a").right, None))
    last = coder.synthesise(coder.transform(w, coder.password(keys.encryption[2], None)))
    wrong = coder.synthesise(coder.transform(w_enc, coder.password(keys.wrong[2], None)))
    torch.testing.assert_close(three["encrypted"][2:], last, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(three["wrong"][2:], wrong, rtol=1e-4, atol=1e-4)


def test_it_says_what_its_images_depend_on(tiny_pack):
    pack = method(tiny_pack, "encryptor-df")
    sha256 = tiny_pack.expected_sha256("encryptor-df")
    assert (pack.sha256, pack.size, pack.paper) == (sha256, 32, "RiDDLE data-free")
    assert sha256 in pack.facts["encryptor"]
    assert sorted(pack.facts["networks"]) == ["encoder", "encryptor-df", "generator"]


def test_a_role_that_is_no_encryptor_is_refused(tiny_pack):
    with pytest.raises(ConfigError, match=r"method\.role=parser is no encryptor; choose from encryptor, encryptor-df"):
        method(tiny_pack, "parser").check()
    with pytest.raises(PackError, match="did you mean 'encryptor'"):
        method(tiny_pack, "encryptr").check()
