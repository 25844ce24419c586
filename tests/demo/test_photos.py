"""If this fails, the README's picture shows something else than what the commands make of a photo."""

import numpy as np

from riddle_pl.demo.people import Person
from riddle_pl.demo.photos import COLUMNS, GAP, HEADING, HEIGHT, draw_photos
from riddle_pl.key import KdfParams
from riddle_pl.photos.gate.gate import OpenGate, Verdict
from riddle_pl.photos.gate.refusal import Reason
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.pseudonymise import Pseudonymiser
from tests.photos.fakes import FakeDetector, fake_face, fake_photo

KDF = KdfParams(memory_kib=8, time=1, salt=bytes(16))


class Refuses(OpenGate):
    """Each face."""

    def detected(self, face) -> Verdict:
        return Verdict(reason=Reason.TOO_SMALL)


def pseudonymiser(pack, gate=None) -> Pseudonymiser:
    return Pseudonymiser(pack, FakeDetector(fake_face()), gate=gate or OpenGate(), face_map=OvalMap())


def columns(sheet, photo) -> list[np.ndarray]:
    width = round(photo.shape[1] * HEIGHT / photo.shape[0])
    lefts = [GAP + (width + GAP) * column for column in range(len(COLUMNS))]
    pixels = np.asarray(sheet)
    return [pixels[HEADING : HEADING + HEIGHT, left : left + width] for left in lefts]


def test_a_row_is_a_photo_and_what_becomes_of_it(tiny_pack) -> None:
    photo = fake_photo()
    people = [Person("one", photo, fake_face()), Person("two", photo[::-1].copy(), fake_face())]
    sheet = draw_photos(people, pseudonymiser(tiny_pack), [KDF, KDF])
    assert sheet.height == HEADING + 2 * (HEIGHT + GAP)
    shown = columns(sheet, photo)
    for index, one in enumerate(shown):
        for other in shown[index + 1 :]:
            assert (one != other).any()


def test_a_refused_face_is_shown_covered_and_not_decrypted(tiny_pack) -> None:
    photo = fake_photo()
    sheet = draw_photos([Person("one", photo, fake_face())], pseudonymiser(tiny_pack, Refuses()), [KDF])
    plain, first, second = columns(sheet, photo)[:3]
    np.testing.assert_array_equal(first, second)
    assert (plain != first).any()
    assert sheet.width < 4 * first.shape[1]
