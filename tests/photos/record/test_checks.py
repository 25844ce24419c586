"""If this fails, a hostile record passes, or one of ours at the end of a range is refused."""

import copy

import numpy as np
import pytest

from riddle_pl.errors import RecordError
from riddle_pl.photos.record.checks import check_header, check_nonce, check_quad, check_w_enc

HEADER = {
    "format_version": 1,
    "mode": "deniable",
    "image_size": [100, 80],
    "faces": 2,
    "kdf": {"name": "argon2id", "memory_kib": 64, "time": 1, "lanes": 1, "salt": "0123456789abcdef" * 2},
    "tokens": "per_layer",
    "pack": {"name": "lite", "sha256": "ab" * 32},
    "encryptor": {"name": "encryptor-df", "sha256": "cd" * 32},
}


def header(**changes):
    """``kdf__salt="..."`` changes an inner value."""
    changed = copy.deepcopy(HEADER)
    for key, value in changes.items():
        outer, _, inner = key.partition("__")
        if inner:
            changed[outer][inner] = value
        else:
            changed[outer] = value
    return changed


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mode": "sealed"},
        {"image_size": [1, 1]},
        {"image_size": [65536, 65536]},
        {"faces": 1},
        {"faces": 1024},
        {"tokens": "single"},
        {"format_version": 2},
        {"format_version": 2, "tokens": "key_stream"},
        {"pack__name": "x"},
        {"encryptor__name": "A.b_c+d-" + "9" * 92},
    ],
)
def test_headers_at_the_ends_of_their_ranges_pass(changes):
    check_header(header(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mode": "Sealed"}, "mode is 'Sealed'"),
        ({"image_size": [0, 1]}, "image_size"),
        ({"image_size": [1, 0]}, "image_size"),
        ({"image_size": [65537, 1]}, "image_size"),
        ({"image_size": [1, 65537]}, "image_size"),
        ({"image_size": [1, 1, 1]}, "image_size"),
        ({"image_size": [True, 1]}, "image_size"),
        ({"image_size": [1.0, 1]}, "image_size"),
        ({"faces": 0}, "has 0 faces"),
        ({"faces": 1025}, "has 1025 faces"),
        ({"faces": True}, "faces is True"),
        ({"tokens": "dozens"}, "token scheme is 'dozens'; expected one of per_layer, single"),
        ({"tokens": "key_stream"}, "token scheme is 'key_stream'; expected one of per_layer, single"),
        ({"format_version": 2, "tokens": "dozens"}, "expected one of key_stream, per_layer, single"),
        ({"kdf__name": "argon2i"}, "not argon2id"),
        ({"kdf__salt": "0" * 31}, "salt of 32 hex digits"),
        ({"kdf__salt": "0" * 33}, "salt of 32 hex digits"),
        ({"kdf__salt": "A" * 32}, "salt of 32 hex digits"),
        ({"kdf__time": 1.0}, "kdf key time is 1.0; expected int"),
        ({"kdf__extra": 1}, "kdf key 'extra' is unknown"),
        ({"pack__name": ""}, "pack name"),
        ({"pack__name": "9" * 101}, "pack name"),
        ({"pack__name": ".hidden"}, "pack name"),
        ({"pack__name": "lite\n"}, "pack name"),
        ({"pack__name": "ü"}, "pack name"),
        ({"encryptor__name": "../x"}, "encryptor name"),
        ({"pack__sha256": "a" * 63}, "pack sha256"),
        ({"pack__sha256": "a" * 64 + "\n"}, "pack sha256"),
        ({"encryptor__sha256": "a" * 65}, "encryptor sha256"),
        ({"encryptor__sha256": 3}, "encryptor key sha256 is 3; expected str"),
    ],
)
def test_headers_beyond_their_ranges_do_not(changes, message):
    with pytest.raises(RecordError, match=message):
        check_header(header(**changes))


@pytest.mark.parametrize("layers", [4, 18, 32])
@pytest.mark.parametrize("value", [1e4, -1e4, 0.0])
def test_codes_at_the_ends_of_their_ranges_pass(layers, value):
    check_w_enc(np.full((layers, 512), value, np.float32), "single", "w")
    check_w_enc(np.full((layers, 512), value, np.float64), "key_stream", "w")


@pytest.mark.parametrize(
    "code",
    [
        np.zeros((3, 512), np.float32),
        np.zeros((2, 512), np.float32),
        np.zeros((33, 512), np.float32),
        np.zeros((8, 511), np.float32),
        np.zeros((8, 513), np.float32),
        np.zeros((512,), np.float32),
        np.zeros((1, 8, 512), np.float32),
        np.zeros((8, 512), np.float64),
        np.zeros((8, 512), np.float16),
    ],
    ids=lambda code: f"{code.dtype} {code.shape}",
)
def test_codes_of_another_form_do_not(code):
    with pytest.raises(RecordError, match=r"w is .*; expected float32 \(layers, 512\)"):
        check_w_enc(code, "single", "w")


@pytest.mark.parametrize("value", [10001.0, -10001.0, float("nan"), float("inf"), float("-inf")])
def test_a_single_number_out_of_range_is_enough(value):
    code = np.zeros((8, 512), np.float32)
    code[7, 511] = value
    with pytest.raises(RecordError, match="not finite or beyond 10000"):
        check_w_enc(code, "single", "w")


def test_a_pad_needs_every_digit() -> None:
    with pytest.raises(RecordError, match=r"w is float32 \(8, 512\); expected float64 \(layers, 512\)"):
        check_w_enc(np.zeros((8, 512), np.float32), "key_stream", "w")


def test_nonces_are_of_16_bytes_and_version_1_has_none() -> None:
    check_nonce(None, 1, "n")
    check_nonce(bytes(16), 2, "n")
    for nonce, version, message in (
        (bytes(16), 1, "n is of 16 bytes; format version 1 has none"),
        (None, 2, "n is missing; format version 2 has 16"),
        (bytes(15), 2, "n is of 15 bytes; format version 2 has 16"),
    ):
        with pytest.raises(RecordError, match=message):
            check_nonce(nonce, version, "n")


def square(side: float = 2.0, left: float = 0.0) -> np.ndarray:
    return np.array([[left, 0.0], [left, side], [left + side, side], [left + side, 0.0]])


def test_quads_at_the_ends_of_their_ranges_pass():
    check_quad(square(1.0), "q")
    check_quad(square(1.0)[::-1].copy(), "q")  # the other way round
    check_quad(square(1e6), "q")
    check_quad(-square(1e6), "q")


def tilted(right: tuple[float, float]) -> np.ndarray:
    """A parallelogram away from the origin whose left side is (1, 2)."""
    corner, down = np.array([10.0, 30.0]), np.array([1.0, 2.0])
    return np.stack([corner, corner + down, corner + down + right, corner + right])


@pytest.mark.parametrize("right", [(1.4, 1.8), (1.4, 3.8), (-1.4, -3.8), (0.9, 0.8), (0.5, 0.0), (0.0, 1.0)])
def test_a_tilted_quad_of_one_pixel_passes_and_a_smaller_one_does_not(right):
    assert abs(right[0] * 2.0 - right[1]) == pytest.approx(1.0)
    check_quad(tilted((1.001 * right[0], 1.001 * right[1])), "q")
    with pytest.raises(RecordError, match="encloses less than a pixel"):
        check_quad(tilted((0.999 * right[0], 0.999 * right[1])), "q")


@pytest.mark.parametrize(
    ("quad", "message"),
    [
        (square(0.99), "encloses less than a pixel"),
        (square(5.0) * [1.0, 0.0], "encloses less than a pixel"),
        (square(5.0) * [0.0, 1.0], "encloses less than a pixel"),
        (np.array([[0.0, 0.0], [3.0, 3.0], [9.0, 9.0], [6.0, 6.0]]), "encloses less than a pixel"),
        (np.array([[0.0, 0.0], [0.0, 0.0], [9.0, 9.0], [9.0, 0.0]]), "encloses less than a pixel"),
        (np.array([[0.0, 0.0], [0.0, 9.0], [9.0, 9.0], [0.0, 0.0]]), "encloses less than a pixel"),
        (square(2.0, 1e6 - 1.5), "beyond 1e\\+06"),
        (np.where(np.eye(4, 2) > 0, np.nan, square(2.0)), "not finite"),
        (square(2.0).astype(np.float32), "expected float64"),
        (square(2.0)[:3], "expected float64"),
        (np.zeros((4, 3)), "expected float64"),
    ],
)
def test_quads_beyond_them_do_not(quad, message):
    with pytest.raises(RecordError, match=message):
        check_quad(quad, "q")
