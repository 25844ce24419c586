"""If this fails, sealed originals are not what docs say they are, or a forged one crashes the program."""

import os
import struct

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from riddle_pl.errors import PasswordError, RecordError
from riddle_pl.key import sealing_key
from riddle_pl.photos.record.sealing import MAX_SIDE, MIN_SEALED_BYTES, Patch, seal, unseal

KEY, ASSOCIATED = bytes(range(32)), b"everything else"


def patch(height: int = 2, width: int = 3, channels: int = 4, left: int = 5, top: int = 7) -> Patch:
    return Patch(np.arange(height * width * channels, dtype=np.uint8).reshape(height, width, channels), left, top)


def forged(plain: bytes, key: bytes = KEY) -> bytes:
    """What another program might seal under the right password."""
    nonce = os.urandom(12)
    return nonce + AESGCM(sealing_key(key)).encrypt(nonce, plain, ASSOCIATED)


def test_the_layout_is_nonce_then_ciphertext_of_place_size_and_pixels():
    one = patch()
    sealed = seal(KEY, one, ASSOCIATED)
    assert len(sealed) == 12 + 20 + 24 + 16
    plain = AESGCM(sealing_key(KEY)).decrypt(sealed[:12], sealed[12:], ASSOCIATED)
    assert plain == struct.pack("<5I", 5, 7, 3, 2, 4) + one.pixels.tobytes()
    assert MIN_SEALED_BYTES == len(seal(KEY, patch(1, 1), ASSOCIATED)) == 52
    opened = unseal(KEY, forged(plain), ASSOCIATED)
    np.testing.assert_array_equal(opened.pixels, one.pixels)
    assert (opened.left, opened.top) == (5, 7)


@pytest.mark.parametrize(
    ("key", "change", "associated"),
    [
        (bytes(32), lambda sealed: sealed, ASSOCIATED),
        (KEY, lambda sealed: sealed, b""),
        (KEY, lambda sealed: sealed, ASSOCIATED + b"."),
        (KEY, lambda sealed: bytes([sealed[0] ^ 1]) + sealed[1:], ASSOCIATED),
        (KEY, lambda sealed: sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:], ASSOCIATED),
        (KEY, lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]), ASSOCIATED),
        (KEY, lambda sealed: sealed[:-1], ASSOCIATED),
    ],
)
def test_another_key_or_anything_altered_opens_nothing(key, change, associated):
    sealed = seal(KEY, patch(), ASSOCIATED)
    with pytest.raises(PasswordError, match="password is wrong"):
        unseal(key, change(sealed), associated)


def test_a_nonce_is_random_and_never_used_twice():
    nonces = {seal(KEY, patch(), ASSOCIATED)[:12] for _ in range(50)}
    assert len(nonces) == 50
    assert len({nonce[:4] for nonce in nonces}) > 45
    assert len({nonce[-4:] for nonce in nonces}) > 45


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        (b"", "too short"),
        (struct.pack("<4I", 0, 0, 1, 1) + b"abc", "too short"),
        (struct.pack("<5I", 0, 0, 1, 1, 4), "another size"),
        (struct.pack("<5I", 0, 0, 2, 1, 4) + b"abc", "another size"),
        (struct.pack("<5I", 0, 0, 1, 1, 4) + b"ab", "another size"),
        (struct.pack("<5I", 0, 0, 0, 1, 4), "expected sides of 1"),
        (struct.pack("<5I", MAX_SIDE + 1, 0, 1, 1, 4) + b"abcd", "patch lies at"),
    ],
)
def test_what_the_right_key_opens_is_checked_as_well(plain, message):
    with pytest.raises(RecordError, match=message):
        unseal(KEY, forged(plain), ASSOCIATED)


@pytest.mark.parametrize("shape", [(1, 1, 4), (65536, 1, 4), (1, 65536, 4)])
def test_the_smallest_and_the_largest_patch(shape):
    one = Patch(np.zeros(shape, np.uint8), MAX_SIDE, MAX_SIDE)
    assert MAX_SIDE == 65536
    assert (one.left, one.top) == (65536, 65536)
    assert (Patch(one.pixels).left, Patch(one.pixels).top) == (0, 0)


@pytest.mark.parametrize(
    "shape", [(0, 1, 4), (1, 0, 4), (1, 1, 0), (1, 1, 3), (1, 1, 5), (65537, 1, 4), (1, 65537, 4)], ids=str
)
def test_patches_of_impossible_size(shape):
    with pytest.raises(RecordError, match="patch is"):
        Patch(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("place", [(-1, 0), (0, -1), (65537, 0), (0, 65537)])
def test_patches_of_impossible_place(place):
    with pytest.raises(RecordError, match="patch lies at"):
        Patch(np.zeros((1, 1, 4), np.uint8), *place)


def test_a_patch_may_touch_the_photos_sides_and_no_more():
    one = patch(height=2, width=3, left=5, top=7)  # 5 + 3 = 8, 7 + 2 = 9
    assert one.fits((8, 9))
    assert not one.fits((7, 9))
    assert not one.fits((8, 8))
    assert one.fits((100, 100))
