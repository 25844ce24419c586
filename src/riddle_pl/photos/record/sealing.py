"""Original pixels under AES-256-GCM: what a sealed record adds to a deniable one."""

import secrets
import struct
from dataclasses import dataclass

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jaxtyping import UInt8

from riddle_pl.errors import PasswordError, RecordError
from riddle_pl.key import sealing_key

NONCE_BYTES = 12
TAG_BYTES = 16
MAX_SIDE = 1 << 16
CHANNELS = 4
"""Red, green, blue, and whether the pixel changed."""

_HEAD = struct.Struct("<5I")  # left, top, width, height, channels
MIN_SEALED_BYTES = NONCE_BYTES + _HEAD.size + CHANNELS + TAG_BYTES


@dataclass(frozen=True, eq=False)
class Patch:
    """A rectangle of the original photo.

    Args:
        pixels: RGB, bit for bit as in the photo, and a fourth channel that is not 0 where the picture changed.
        left, top: its place in the photo, in pixels.

    Raises:
        RecordError: an empty or too large rectangle, or a place outside of any photo.
    """

    pixels: UInt8[np.ndarray, "h w c"]
    left: int = 0
    top: int = 0

    def __post_init__(self) -> None:
        height, width, channels = self.pixels.shape
        if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE and channels == CHANNELS):
            raise RecordError(
                f"patch is {width} x {height} x {channels}; expected sides of 1 to {MAX_SIDE} and {CHANNELS} channels"
            )
        if not (0 <= self.left <= MAX_SIDE and 0 <= self.top <= MAX_SIDE):
            raise RecordError(f"patch lies at ({self.left}, {self.top}); expected 0 to {MAX_SIDE}")

    def fits(self, image_size: tuple[int, int]) -> bool:
        """Whether it lies inside a photo of (width, height)."""
        height, width, _ = self.pixels.shape
        right, bottom = self.left + int(width), self.top + int(height)
        return right <= image_size[0] and bottom <= image_size[1]


def seal(key: bytes, patch: Patch, associated: bytes) -> bytes:
    """Nonce and ciphertext of a patch.

    Args:
        key: of :func:`riddle_pl.password.derive_key`; the sealing key is derived from it.
        patch: the original pixels.
        associated: what is authenticated with them without being encrypted.
    """
    height, width, channels = patch.pixels.shape
    plain = _HEAD.pack(patch.left, patch.top, width, height, channels) + patch.pixels.tobytes()
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(sealing_key(key)).encrypt(nonce, plain, associated)


def unseal(key: bytes, sealed: bytes, associated: bytes) -> Patch:
    """The patch that was given to :func:`seal`.

    Raises:
        PasswordError: the key is another, or anything was altered (AES-GCM cannot tell which).
        RecordError: the right key opens something that is not a patch.
    """
    nonce, cipher = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        plain = AESGCM(sealing_key(key)).decrypt(nonce, cipher, associated)
    except InvalidTag:
        raise PasswordError("the password is wrong (or the record was altered); the original was not opened") from None
    if len(plain) < _HEAD.size:
        raise RecordError("the sealed original is too short; the record was made by another program")
    left, top, width, height, channels = _HEAD.unpack_from(plain)
    pixels = np.frombuffer(plain, np.uint8, offset=_HEAD.size)
    if pixels.size != width * height * channels:
        raise RecordError("the sealed original has another size than it says; the record was made by another program")
    return Patch(pixels.reshape(height, width, channels).copy(), left, top)
