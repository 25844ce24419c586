"""If this fails, the images that are judged are not those that `riddle encrypt` would make."""

import pytest
import torch

from riddle_pl.errors import PackError
from riddle_pl.evaluation.method import PackMethod
from riddle_pl.evaluation.passwords import TextPasswords
from riddle_pl.photos.face_coder import FaceCoder

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def x():
    return torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("role", ["encryptor", "encryptor-df"])
def test_images_are_those_of_the_photo_pipeline(tiny_pack, x, role):
    passwords = TextPasswords()
    images = PackMethod(tiny_pack, role, passwords, 0, CPU)(["a", "b", "c"], x)
    coder = FaceCoder(tiny_pack, role)
    keys = passwords.keys(0, "b")
    w = coder.invert(x[1:2])
    w_enc = coder.transform(w, coder.password(keys.right))
    expected = {
        "photo": x[1:2],
        "inversion": coder.synthesise(w),
        "encrypted": coder.synthesise(w_enc),
        "encrypted_2": coder.synthesise(coder.transform(w, coder.password(keys.other))),
        "recovered": coder.synthesise(coder.transform(w_enc, coder.password(keys.right))),
        "wrong": coder.synthesise(coder.transform(w_enc, coder.password(keys.wrong))),
        "near_miss": coder.synthesise(coder.transform(w_enc, coder.password(keys.near_miss))),
    }
    assert list(images) == list(expected)
    for name, image in expected.items():
        torch.testing.assert_close(images[name][1:2], image, rtol=1e-4, atol=1e-4, msg=name)


def test_a_face_does_not_depend_on_its_batch(tiny_pack, x):
    method = PackMethod(tiny_pack, "encryptor", TextPasswords(), 0, CPU)
    whole, alone = method(["a", "b", "c"], x), method(["c"], x[2:])
    for name in whole:
        torch.testing.assert_close(whole[name][2:], alone[name], rtol=1e-4, atol=1e-4)


def test_a_role_that_is_no_encryptor_is_refused(tiny_pack):
    with pytest.raises(PackError, match="not an encryptor"):
        PackMethod(tiny_pack, "parser", TextPasswords(), 0, CPU)
