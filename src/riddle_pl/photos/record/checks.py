"""Validation of a record's values, after reading a file and before writing one.

Each check raises a one-line :class:`RecordError`.
"""

import re
from typing import Any

import numpy as np

from riddle_pl.errors import RecordError
from riddle_pl.key import NONCE_BYTES
from riddle_pl.password import KeyStream
from riddle_pl.photos.record.file import CONTEXTS, Header
from riddle_pl.photos.record.sealing import MAX_SIDE

LAYERS = range(4, 33)
"""Layers of a W+ code: StyleGAN2 has 4 at 8 px and 18 at 1024 px, MobileStyleGAN has 23."""
LATENT_DIM = 512
MAX_FACES = 1024
TOKENS = dict.fromkeys((2, 3), ("key_stream", "per_layer", "single")) | {1: ("per_layer", "single")}
"""Password token schemes by format version."""
MAX_LATENT = 1e4
MAX_COORDINATE = 1e6
MAX_CONTEXT = 4096
"""Numbers of a face's context."""
MAX_CONTEXT_SIZE = 1e3
"""Of each of them; they are in standard deviations."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HEADER_TYPES: dict[str, type] = {
    "format_version": int,
    "mode": str,
    "image_size": list,
    "faces": int,
    "kdf": dict,
    "tokens": str,
    "pack": dict,
    "encryptor": dict,
}
_KDF_TYPES: dict[str, type] = {"name": str, "memory_kib": int, "time": int, "lanes": int, "salt": str}
_NETWORK_TYPES: dict[str, type] = {"name": str, "sha256": str}


def check_header(header: Header) -> None:
    """Keys, types and ranges of the whole header (Argon2id's costs are :class:`riddle_pl.password.KdfParams`'s)."""
    _check_types(header, _HEADER_TYPES, "header")
    _check_types(header["kdf"], _KDF_TYPES, "kdf")
    if header["mode"] not in ("deniable", "sealed"):
        raise RecordError(f"mode is {header['mode']!r:.40}; expected deniable or sealed")
    size = header["image_size"]
    if len(size) != 2 or not all(type(side) is int and 1 <= side <= MAX_SIDE for side in size):
        raise RecordError(f"image_size is {size!r:.40}; expected a width and a height of 1 to {MAX_SIDE}")
    if not 1 <= header["faces"] <= MAX_FACES:
        raise RecordError(f"it has {header['faces']!r:.40} faces; expected 1 to {MAX_FACES}")
    known = TOKENS.get(header["format_version"], TOKENS[max(TOKENS)])
    if header["tokens"] not in known:
        raise RecordError(f"password token scheme is {header['tokens']!r:.40}; expected one of {', '.join(known)}")
    if header["kdf"]["name"] != "argon2id" or not re.fullmatch("[0-9a-f]{32}", header["kdf"]["salt"]):
        raise RecordError("kdf is not argon2id with a salt of 32 hex digits")
    for key in ("pack", "encryptor"):
        _check_types(header[key], _NETWORK_TYPES, key)
        if not _NAME.fullmatch(header[key]["name"]):
            raise RecordError(f"{key} name is {header[key]['name']!r:.40}; expected letters, digits and . _ + -")
        if not _SHA256.fullmatch(header[key]["sha256"]):
            raise RecordError(f"{key} sha256 is {header[key]['sha256']!r:.40}; expected 64 hex digits")


def _check_types(values: dict[str, Any], types: dict[str, type], what: str) -> None:
    if set(values) != set(types):
        odd = min(set(values) ^ set(types))
        raise RecordError(f"{what} key {odd!r:.40} is {'missing' if odd in types else 'unknown'}")
    for key, expected in types.items():
        if type(values[key]) is not expected:
            raise RecordError(f"{what} key {key} is {values[key]!r:.40}; expected {expected.__name__}")


def code_type(tokens: str) -> np.dtype:
    """What an encrypted code is kept in: a pad can be taken off to the last digit of float64 only."""
    return np.dtype(np.float64 if tokens == KeyStream.name else np.float32)


def check_w_enc(w_enc: np.ndarray, tokens: str, what: str) -> None:
    """A finite code (n, 512)."""
    expected = code_type(tokens)
    if w_enc.dtype != expected or w_enc.ndim != 2 or w_enc.shape[0] not in LAYERS or w_enc.shape[1] != LATENT_DIM:
        raise RecordError(f"{what} is {w_enc.dtype} {w_enc.shape}; expected {expected} (layers, {LATENT_DIM})")
    if not (np.isfinite(w_enc).all() and np.abs(w_enc).max() <= MAX_LATENT):
        raise RecordError(f"{what} holds values that are not finite or beyond {MAX_LATENT:g}; the file is damaged")


def check_quad(quad: np.ndarray, what: str) -> None:
    """Four finite corners in float64 (4, 2) that enclose an area."""
    if quad.dtype != np.float64 or quad.shape != (4, 2):
        raise RecordError(f"{what} is {quad.dtype} {quad.shape}; expected float64 (4, 2)")
    if not (np.isfinite(quad).all() and np.abs(quad).max() <= MAX_COORDINATE):
        raise RecordError(f"{what} holds values that are not finite or beyond {MAX_COORDINATE:g}; the file is damaged")
    down, right = quad[1] - quad[0], quad[3] - quad[0]
    if abs(right[0] * down[1] - right[1] * down[0]) < 1.0:
        raise RecordError(f"{what} encloses less than a pixel; the file is damaged")


def check_nonce(nonce: bytes | None, version: int, what: str) -> None:
    """16 bytes; none in version 1, and none or 16 bytes from version 3 on."""
    found = None if nonce is None else len(nonce)
    if found not in {1: (None,), 2: (NONCE_BYTES,)}.get(version, (None, NONCE_BYTES)):
        shown = "missing" if nonce is None else f"of {found} bytes"
        raise RecordError(f"{what} is {shown}; format version {version} has {'none' if version == 1 else NONCE_BYTES}")


def check_context(context: np.ndarray | None, version: int, what: str) -> None:
    """K numbers from version 4 on, none before."""
    if (context is None) != (version < CONTEXTS):
        state = "missing" if context is None else "there"
        raise RecordError(f"{what} is {state}; format version {version} has {'one' if version >= CONTEXTS else 'none'}")
    if context is None:
        return
    if context.dtype != np.float64 or context.ndim != 1 or not 1 <= context.size <= MAX_CONTEXT:
        raise RecordError(f"{what} is {context.dtype} {context.shape}; expected 1 to {MAX_CONTEXT} float64 numbers")
    if not (np.isfinite(context) & (np.abs(context) <= MAX_CONTEXT_SIZE)).all():
        raise RecordError(f"{what} has numbers that are not finite, or larger than {MAX_CONTEXT_SIZE:g}")
