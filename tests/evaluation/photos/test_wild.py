"""If this fails, the report's figure of whole photos shows something else than `riddle encrypt` would write."""

import numpy as np
import pytest
from PIL import Image

from riddle_pl.errors import DataError
from riddle_pl.evaluation.methods.baselines import NoChange
from riddle_pl.evaluation.methods.pack import PackMethod
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.evaluation.photos.wild import LONGEST, PhotoFolder, whole_photo, wild_photos
from riddle_pl.inversion import EncoderInversion
from riddle_pl.key import KdfParams
from riddle_pl.photos.gate.gate import Verdict
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.pseudonymise import Pseudonymiser
from tests.photos.fakes import FakeDetector, fake_face, fake_photo

CHEAP = KdfParams(memory_kib=8, time=1, salt=bytes(16))


class OpenGate:
    """Lets every face pass."""

    note = ""

    checks_whole_photo = False

    def detected(self, face):
        return Verdict()

    def parsed(self, parts):
        return [Verdict() for _ in parts]

    def inversions(self, x, x_inv):
        return [Verdict() for _ in x]

    def published(self, x, x_out):
        return [Verdict() for _ in x]


@pytest.fixture(scope="module")
def pseudonymiser(tiny_pack):
    detector = FakeDetector(fake_face())
    return Pseudonymiser(tiny_pack, detector, encryptor="encryptor-df", gate=OpenGate(), face_map=OvalMap())


def test_shows_what_encryption_and_decryption_give(pseudonymiser):
    photo = fake_photo()
    pseudonymiser.coder.draw_nonce = lambda: bytes(16)
    shown = whole_photo(pseudonymiser, photo, "someone", "right", "wrong", CHEAP)
    anonymised, record = pseudonymiser.encrypt(photo, "right", kdf=CHEAP)
    np.testing.assert_array_equal(shown.original, photo)
    np.testing.assert_array_equal(shown.anonymised, anonymised)
    np.testing.assert_array_equal(shown.recovered, pseudonymiser.decrypt(record, "right", anonymised))
    np.testing.assert_array_equal(shown.wrong, pseudonymiser.decrypt(record, "wrong", anonymised))
    assert (shown.recovered != shown.wrong).any()


def test_keeps_large_photos_small(pseudonymiser):
    photo = np.asarray(Image.fromarray(fake_photo()).resize((2 * LONGEST, LONGEST)))
    shown = whole_photo(pseudonymiser, photo, "someone", "right", "wrong", CHEAP)
    assert {stage.shape for stage in (shown.original, shown.anonymised, shown.recovered, shown.wrong)} == {
        (LONGEST // 2, LONGEST, 3)
    }


def test_says_why_there_is_no_photo(tiny_pack, tmp_path):
    Image.new("RGB", (64, 64), "grey").save(tmp_path / "nobody.png")
    method = PackMethod(EncoderInversion(tiny_pack, "cpu"), "encryptor", TextPasswords(), 0, "cpu")
    photos, missing = wild_photos(method, PhotoFolder(str(tmp_path)))
    assert photos == []
    assert "no face was found in nobody.png" in missing
    assert "photos=none" in wild_photos(method, None).missing
    assert "method=pack" in wild_photos(NoChange(tiny_pack), PhotoFolder(str(tmp_path))).missing


def test_a_folder_gives_its_first_photos_in_order(tmp_path):
    for name in ("b.png", "a.jpg", "c.png", "notes.txt"):
        if name.endswith("txt"):
            (tmp_path / name).write_text("no photo")
        else:
            Image.new("RGB", (4, 4)).save(tmp_path / name)
    photos = PhotoFolder(str(tmp_path), count=2)
    photos.check()
    assert [name for name, _ in photos] == ["a.jpg", "b.png"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_photos_is_an_error(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no photo; give a folder of photos"):
        PhotoFolder(str(tmp_path / name)).check()
