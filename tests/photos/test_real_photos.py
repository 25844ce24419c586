"""If this fails, a face in a real photo or a group picture stays as it is, or something else in the photo changes."""

from pathlib import Path

import numpy as np
import pytest
from jaxtyping import UInt8

from riddle_pl.demo.people import generated_people
from riddle_pl.evaluation.photos.backgrounds import backgrounds, compose_photo
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.faces.load import load_image
from riddle_pl.judging.gate_judges import best_judge
from riddle_pl.key import KdfParams
from riddle_pl.packs import load_pack
from riddle_pl.photos.face_work import JUDGED_SIZE
from riddle_pl.photos.gate.gate import OpenGate
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.record import Record
from riddle_pl.photos.reports import Encrypted, EncryptRequest

CHEAP = KdfParams(memory_kib=8, time=1, salt=bytes(range(16)))
SHARED = {"official_a.jpg": 1, "official_two_people.jpg": 2, "synthetic_00.jpg": 1}
"""People in photos that are not part of the repository. The detector may take something else for a face as well."""


@pytest.fixture(scope="module")
def pseudonymiser() -> Pseudonymiser:
    """The shipped pack, without a gate: how good its faces are is measured elsewhere."""
    return Pseudonymiser(load_pack("lite"), gate=OpenGate())


@pytest.fixture(scope="module")
def group(pseudonymiser: Pseudonymiser) -> UInt8[np.ndarray, "h w 3"]:
    """Three people who do not exist, on a real photo."""
    people = generated_people(pseudonymiser.coder.generator, pseudonymiser.detector, 3, seed=1)
    return compose_photo([person.photo for person in people], backgrounds()[0], np.random.default_rng(3))


def astronaut() -> UInt8[np.ndarray, "h w 3"]:
    from skimage import data

    return data.astronaut()


def quad_mask(record: Record, shape: tuple[int, ...]) -> np.ndarray:
    """Where the upright rectangles of the faces' squares are."""
    mask = np.zeros(shape[:2], dtype=bool)
    for face in record.faces:
        left, top = np.maximum(np.floor(face.quad.min(axis=0)).astype(int), 0)
        right, bottom = np.ceil(face.quad.max(axis=0)).astype(int)
        mask[top:bottom, left:right] = True
    return mask


def there_and_back(pseudonymiser: Pseudonymiser, photo: UInt8[np.ndarray, "h w 3"], people: int) -> None:
    """Every face is found and changes, nothing else does, and a sealed record returns every pixel."""
    anonymised, record = pseudonymiser.encrypt(photo, "secret", mode="sealed", kdf=CHEAP)
    assert len(record.faces) >= people
    changed = (anonymised != photo).any(axis=-1)
    assert not changed[~quad_mask(record, photo.shape)].any()
    for face in record.faces:
        x, y = face.quad.mean(axis=0).astype(int)
        reach = int(np.linalg.norm(face.quad[3] - face.quad[0]) / 8)
        assert changed[y - reach : y + reach, x - reach : x + reach].mean() > 0.8
    np.testing.assert_array_equal(pseudonymiser.decrypt(record, "secret", anonymised), photo)


def test_the_astronaut(pseudonymiser: Pseudonymiser) -> None:
    there_and_back(pseudonymiser, astronaut(), people=1)


def test_a_group_of_generated_people(pseudonymiser: Pseudonymiser, group: UInt8[np.ndarray, "h w 3"]) -> None:
    there_and_back(pseudonymiser, group, people=3)


@pytest.mark.parametrize(("name", "people"), SHARED.items())
def test_other_photos(pseudonymiser: Pseudonymiser, shared: Path, name: str, people: int) -> None:
    path = shared / "data" / "photos" / name
    if not path.is_file():
        pytest.skip(f"{path} is absent (photos of people are not part of the repository)")
    there_and_back(pseudonymiser, load_image(path), people)


def test_in_a_group_each_face_can_be_left_out_or_have_its_own_password(
    pseudonymiser: Pseudonymiser, group: UInt8[np.ndarray, "h w 3"]
) -> None:
    faces = pseudonymiser.find_faces(group)
    anonymised, record = pseudonymiser.encrypt(group, "a", faces=faces, only=[0, 2], passwords={2: "b"}, kdf=CHEAP)
    (left_out,) = align_face(group, ffhq_quad(faces[1].points), 64)
    (still,) = align_face(anonymised, ffhq_quad(faces[1].points), 64)
    assert (left_out == still).float().mean() > 0.98
    both = pseudonymiser.decrypt(record, "a", anonymised, passwords={1: "b"})
    one = pseudonymiser.decrypt(record, "a", anonymised)
    differing = np.nonzero((both != one).any(axis=-1))
    low, high = record.faces[1].quad.min(axis=0), record.faces[1].quad.max(axis=0)
    assert differing[1].min() >= low[0] - 1
    assert differing[1].max() <= high[0] + 1


def test_the_gate_lets_nobody_pass_whom_the_judge_still_recognises(group: UInt8[np.ndarray, "h w 3"]) -> None:
    pack = load_pack("lite")
    judge = best_judge(pack)
    photos = [group]
    answers = Pseudonymiser(pack).encrypt_batch([EncryptRequest(photo, "secret", kdf=CHEAP) for photo in photos])
    for photo, answer in zip(photos, answers, strict=True):
        assert isinstance(answer, Encrypted)
        assert len(answer.faces) == (len(answer.record.faces) if answer.record else 0) + len(answer.refusals)
        for face in answer.record.faces if answer.record else ():
            before, after = (judge.embed(align_face(image, face.quad, JUDGED_SIZE)) for image in (photo, answer.image))
            cosine = float((before @ after.T) / before.norm() / after.norm())
            assert cosine < judge.same_person + 1e-3
