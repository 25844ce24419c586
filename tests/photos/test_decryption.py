"""If this fails, a ring of the encrypted face is left around a recovered one, or a neighbour is painted over."""

from collections.abc import Sequence

import numpy as np
import torch

from riddle_pl.faces.align import ffhq_quad
from riddle_pl.key import KdfParams
from riddle_pl.photos import decryption
from riddle_pl.photos.decryption import (
    exchange,
    face_keys,
    originals_alone,
    restore,
    side_by_side,
)
from riddle_pl.photos.face_coder import FaceCoder
from riddle_pl.photos.paste.blend import Layer, paste_layers
from riddle_pl.photos.paste.colour import MatchSeam
from riddle_pl.photos.paste.grain import KeepGrain
from riddle_pl.photos.paste.layers import Brush
from riddle_pl.photos.paste.mask import OvalMap, join_maps
from riddle_pl.photos.record.record import Record, RecordedFace
from riddle_pl.photos.record.sealing import Patch
from tests.photos.fakes import fake_face

KDF = KdfParams(memory_kib=8, time=1, salt=bytes(range(16)))
BLACK, WHITE = -1.0, 1.0


class Painter(FaceCoder):
    """Draws a code as a face of one grey, that of its first number."""

    def __init__(self) -> None:
        pass

    def synthesise(self, w: torch.Tensor) -> torch.Tensor:
        return w[:, 0, 0, None, None, None].expand(-1, 3, 32, 32)

    def synthesise_for(self, w: torch.Tensor, sides: Sequence[float]) -> list[torch.Tensor]:
        return list(self.synthesise(w))


def codes(*greys: float) -> torch.Tensor:
    return torch.tensor(greys)[:, None, None].expand(-1, 8, 512).contiguous()


def record_of(*quads: np.ndarray, size: tuple[int, int]) -> Record:
    """All faces encrypted to white ones."""
    w_enc = codes(*[WHITE] * len(quads))
    faces = tuple(RecordedFace(code, quad, bytes(16)) for code, quad in zip(w_enc, quads, strict=True))
    return Record(faces, size, KDF, "single", "lite", "ab" * 32, "encryptor", "cd" * 32)


class DiscMap:
    """A face that is far from the square's sides, where every mask ends."""

    size = 64

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        u = (torch.arange(64) + 0.5) / 64 - 0.5
        return (u[None, :] ** 2 + u[:, None] ** 2 <= 0.25**2).float().expand(len(x), 1, -1, -1)


def encrypted(record: Record, photo: np.ndarray) -> np.ndarray:
    """White faces pasted as encryption pastes them."""
    mask = join_maps(DiscMap()(torch.zeros(1, 3, 8, 8)))[0, 0]
    return paste_layers(photo, [Layer(torch.full((3, 32, 32), WHITE), mask, face.quad) for face in record.faces])


def test_nothing_of_the_encrypted_face_is_left_around_the_recovered_one():
    photo = np.zeros((400, 400, 3), np.uint8)
    record = record_of(ffhq_quad(fake_face((200.0, 200.0), 50.0).points), size=(400, 400))
    picture = encrypted(record, photo)
    assert picture.max() == 255
    recovered = exchange(record, [0], codes(BLACK), picture, Painter(), Brush(DiscMap(), MatchSeam(), KeepGrain()))
    assert recovered.max() < 20  # a mask as large as that of encryption leaves a ring of 64: white x m (1 - m)


def test_a_recovered_face_reaches_no_further_than_it_must():
    quad = ffhq_quad(fake_face((200.0, 200.0), 50.0).points)
    record = record_of(quad, size=(400, 400))
    photo = np.full((400, 400, 3), 255, np.uint8)
    changed = (
        exchange(record, [0], codes(BLACK), photo, Painter(), Brush(DiscMap(), MatchSeam(), KeepGrain()))[:, :, 0] < 255
    )
    y, x = np.nonzero(changed)
    reach = np.hypot(x - quad[:, 0].mean(), y - quad[:, 1].mean()).max() / np.linalg.norm(quad[0] - quad[1])
    assert 0.43 < reach < 0.45


def test_a_face_that_is_not_chosen_keeps_its_pixels():
    left, right = (ffhq_quad(fake_face((x, 40.0), 8.0).points) for x in (38.0, 54.0))  # the squares overlap
    record = record_of(left, right, size=(96, 80))
    picture = np.full((80, 96, 3), 255, np.uint8)
    one = exchange(record, [0], codes(BLACK), picture, Painter(), Brush(OvalMap(64), MatchSeam(), KeepGrain()))
    assert (one[38:50, 34:41] == 0).all()
    assert (one[38:50, 51:58] == 255).all()
    other = exchange(record, [1], codes(BLACK), picture, Painter(), Brush(OvalMap(64), MatchSeam(), KeepGrain()))
    assert (other[38:50, 34:41] == 255).all()
    assert (other[38:50, 51:58] == 0).all()


def test_each_code_goes_to_its_own_place():
    left, right = (ffhq_quad(fake_face((x, 40.0), 6.0).points) for x in (24.0, 70.0))
    record = record_of(left, right, size=(96, 80))
    photo = np.full((80, 96, 3), 128, np.uint8)
    result = exchange(
        record, [0, 1], codes(BLACK, WHITE), photo, Painter(), Brush(OvalMap(64), MatchSeam(), KeepGrain())
    )
    assert (result[40:46, 23:26] == 0).all()
    assert (result[40:46, 69:72] == 255).all()


def test_each_password_is_derived_once_and_goes_to_its_faces(monkeypatch):
    derived = []
    monkeypatch.setattr(decryption, "derive_key", lambda text, kdf: derived.append((text, kdf)) or text.encode())
    square = ffhq_quad(fake_face().points)
    record = record_of(square, square, square, size=(96, 80))
    assert face_keys(record, "a", {1: "b"}, [0, 1, 2]) == [b"a", b"b", b"a"]
    assert derived == [("a", KDF), ("b", KDF)]
    assert face_keys(record, "a", {1: "b"}, [1]) == [b"b"]


def marked_patch() -> Patch:
    """2 x 3 pixels of which the upper row changed; the lower one holds something else all the same."""
    pixels = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    pixels[..., 3] = [[255, 1, 255], [0, 0, 0]]
    return Patch(pixels, left=1, top=2)


def test_originals_go_back_where_they_are_marked_and_nowhere_else():
    photo, patch = np.full((6, 5, 3), 200, np.uint8), marked_patch()
    result = restore(photo, [patch])
    assert (photo == 200).all()
    np.testing.assert_array_equal(result[2, 1:4], patch.pixels[0, :, :3])
    result[2, 1:4] = 200
    assert (result == 200).all()


def test_originals_alone_are_blank_where_nothing_changed():
    alone = originals_alone([marked_patch(), Patch(np.full((1, 2, 4), 7, np.uint8))])
    np.testing.assert_array_equal(alone[0, :3], marked_patch().pixels[0, :, :3])
    assert (alone[1, :3] == 255).all()
    assert (alone[0, 3:] == 7).all()
    assert (alone[1, 3:] == 0).all()  # the strip below the smaller one
    assert alone.shape == (2, 5, 3)


def test_smaller_pictures_stand_at_the_top():
    row = side_by_side([np.full((2, 2, 3), 9, np.uint8), np.full((4, 1, 3), 8, np.uint8)])
    assert row[:, :2, 0].tolist() == [[9, 9], [9, 9], [0, 0], [0, 0]]
    assert (row[:, 2] == 8).all()
