"""A reader of records written from docs/record-format.md alone: nothing of the package is imported here.

What is not plain Python and numpy are the ciphers.
"""

import hashlib
import hmac
import json
import math
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

TYPES = {"F32": "<f4", "F64": "<f8", "U8": "|u1"}
LATENT, SEALING, LINKABLE = (b"riddle-pl/v1/" + use for use in (b"password-latent", b"sealing-key", b"linkable-salt"))


@dataclass(frozen=True)
class PlainRecord:
    header: dict[str, Any]
    arrays: dict[str, np.ndarray]
    checksum: str


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def read_tensors(content: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The metadata and the arrays of a safetensors file."""
    (length,) = struct.unpack_from("<Q", content)
    outer = json.loads(content[8 : 8 + length])
    metadata = outer.pop("__metadata__", {})
    data, arrays, ranges = content[8 + length :], {}, []
    for name, entry in outer.items():
        begin, end = entry["data_offsets"]
        arrays[name] = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
        ranges.append((begin, end))
    ranges.sort()
    assert [begin for begin, _ in ranges] == [0, *(end for _, end in ranges[:-1])]
    assert ranges[-1][1] == len(data)
    return metadata, arrays


def read_record(content: bytes) -> PlainRecord:
    metadata, arrays = read_tensors(content)
    inner = json.loads(metadata["riddle"])
    assert inner["header"]["format_version"] in (1, 2, 3, 4)
    return PlainRecord(inner["header"], arrays, inner["checksum"])


def digest(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    """D of the specification."""
    canonical = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    parts = [canonical.encode("ascii")]
    for name in sorted(arrays):
        array = arrays[name]
        shape = ", ".join(str(side) for side in array.shape)
        parts.append(sha256(f'["{name}", "{array.dtype.str}", [{shape}]]'.encode("ascii")))
        parts.append(sha256(array.tobytes()))
    return sha256(b"".join(parts))


def embedded(picture: bytes) -> bytes:
    """The record file inside a PNG file."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    place, found = 8, []
    while True:
        length, kind = struct.unpack_from(">I4s", picture, place)
        data = picture[place + 8 : place + 8 + length]
        (check,) = struct.unpack_from(">I", picture, place + 8 + length)
        if kind == b"riDl":
            assert check == zlib.crc32(kind + data)
            found.append(data)
        if kind == b"IEND":
            break
        place += 12 + length
    (record,) = found
    return record


def record_bytes(path: Path, entry: str | None = None) -> bytes:
    """The contents of the record file in whatever ``path`` is."""
    if entry is not None:
        with zipfile.ZipFile(path) as archive:
            assert archive.getinfo(entry).compress_type == zipfile.ZIP_STORED
            return archive.read(entry)
    content = path.read_bytes()
    return embedded(content) if path.suffix == ".png" else content


def derive(password: str, kdf: dict[str, Any]) -> bytes:
    text = unicodedata.normalize("NFKC", password).encode()
    salt = bytes.fromhex(kdf["salt"])
    argon = Argon2id(salt=salt, length=32, iterations=kdf["time"], lanes=kdf["lanes"], memory_cost=kdf["memory_kib"])
    return argon.derive(text)


def expand(key: bytes, label: bytes) -> bytes:
    """HKDF-SHA256 without salt, one block."""
    return hmac.digest(hmac.digest(bytes(32), key, "sha256"), label + b"\1", "sha256")


def words(key: bytes, rows: int, nonce: bytes | None = None) -> np.ndarray:
    """The stream's words of 52 bits, (rows, 512)."""
    label = LATENT if nonce is None else b"riddle-pl/v2/password-latent/" + nonce
    cipher = Cipher(ChaCha20(expand(key, label), bytes(16)), mode=None).encryptor()
    found = struct.unpack(f"<{rows * 512}Q", cipher.update(bytes(8 * rows * 512)))
    return np.array([word >> 12 for word in found]).reshape(rows, 512)


def noise(key: bytes, rows: int, nonce: bytes | None = None) -> np.ndarray:
    """z, (rows, 512) in float64."""
    normal = NormalDist()
    uniforms = [(int(word) + 0.5) / 2**52 for word in words(key, rows, nonce).flat]
    return np.array([normal.inv_cdf(u) for u in uniforms]).reshape(rows, 512)


def marginal(v: float) -> float:
    return 0.99 * 0.5 * math.erfc(-v / math.sqrt(2)) + 0.01 / (1 + math.exp(-v))


def quantile(u: float) -> float:
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if marginal(middle) < u else (low, middle)
    return (low + high) / 2


def gaussianise(v: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """The flow: for each layer a rotation, and a piecewise linear function of each coordinate."""
    for rotation, places, slopes in zip(
        *(weights[f"flow.{n}"] for n in ("rotations", "places", "slopes")), strict=True
    ):
        turned, normal = v @ rotation.astype(float), normal_places(places.shape[1])
        v = np.array([bent(x, places[k].astype(float), normal, float(slopes[k])) for k, x in enumerate(turned)])
    return v


def degaussianise(v: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    layers = list(zip(*(weights[f"flow.{n}"] for n in ("rotations", "places", "slopes")), strict=True))
    for rotation, places, slopes in reversed(layers):
        normal = normal_places(places.shape[1])
        turned = [bent(x, normal, places[k].astype(float), 1 / float(slopes[k])) for k, x in enumerate(v)]
        v = np.linalg.solve(rotation.astype(float).T, np.array(turned))
    return v


def normal_places(count: int) -> np.ndarray:
    return np.array([NormalDist().inv_cdf((i + 0.5) / count) for i in range(count)])


def bent(x: float, start: np.ndarray, end: np.ndarray, slope: float) -> float:
    if x < start[0]:
        return float(end[0] + (x - start[0]) * slope)
    if x > start[-1]:
        return float(end[-1] + (x - start[-1]) * slope)
    return float(np.interp(x, start, end))


def orthonormal(rows: np.ndarray) -> np.ndarray:
    q, r = np.linalg.qr(rows.T)
    return (q * np.sign(np.diag(r))).T


def unpad(
    record: PlainRecord, key: bytes, face: int, weights: dict[str, np.ndarray], args: dict[str, Any]
) -> np.ndarray:
    """The code w, (n, 512), of a face under a padded encryptor."""
    groups, public = args["groups"], args["public"]
    starts = np.cumsum([0, *groups[:-1]])
    w_enc = record.arrays["w_enc"][face]
    grouped = np.stack([w_enc[s : s + n].mean(axis=0) for s, n in zip(starts, groups, strict=True)])
    basis, mean = weights["codes.basis"].astype(float), weights["codes.mean"].astype(float)
    v = gaussianise(np.linalg.lstsq(basis.T, (grouped - mean).ravel(), rcond=None)[0], weights)
    axes, context = orthonormal(weights["axes"].astype(float)), np.zeros(len(v))
    if "contexts" in record.arrays:
        context, left = record.arrays["contexts"][face], weights["residual"].astype(float)
        axes = orthonormal(axes @ left) @ np.linalg.inv(left)
    v = axes @ (v - context)
    stream = words(key, w_enc.shape[0], record.arrays["nonces"][face].tobytes()).ravel()
    for index in range(public, len(v)):
        word = min(math.floor(marginal(v[index]) * 2**52), 2**52 - 1)
        v[index] = quantile(((int(stream[index - public]) - word) % 2**52 + 0.5) / 2**52)
    found = mean + (degaussianise(context + np.linalg.solve(axes, v), weights) @ basis).reshape(mean.shape)
    return np.repeat(found, groups, axis=0)


def password_latent(z: np.ndarray, layers: int, generator: dict[str, np.ndarray]) -> np.ndarray:
    """w_pwd, (layers, 512), by the mapping network of a generator's weights."""
    x = z.astype(np.float32)
    x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-8)
    depth = 1
    while f"style.{depth}.weight" in generator:
        weight, bias = generator[f"style.{depth}.weight"], generator[f"style.{depth}.bias"]
        x = x @ weight.T * (0.01 / 512**0.5) + 0.01 * bias
        x = np.where(x < 0, 0.2 * x, x) * 2**0.5
        depth += 1
    return np.repeat(x, layers, axis=0) if len(x) == 1 else x


def linkable_salt(record: PlainRecord) -> str:
    return sha256(LINKABLE + bytes.fromhex(record.header["pack"]["sha256"]))[:16].hex()


def pack_hash(manifest: dict[str, Any]) -> str:
    entry = manifest["networks"]["generator"]
    parts = {"generator": [entry["arch"], entry["args"], entry["sha256"], None], "size": manifest["size"]}
    return sha256(json.dumps(parts, sort_keys=True).encode()).hex()


def unseal(record: PlainRecord, key: bytes, face: int) -> tuple[int, int, np.ndarray]:
    """Left, top and the (h, w, 4) patch of a face."""
    sealed = record.arrays[f"sealed.{face}"].tobytes()
    public = {name: array for name, array in record.arrays.items() if not name.startswith("sealed.")}
    associated = digest(record.header, public) + struct.pack("<I", face)
    plain = AESGCM(expand(key, SEALING)).decrypt(sealed[:12], sealed[12:], associated)
    left, top, width, height, channels = struct.unpack_from("<5I", plain)
    return left, top, np.frombuffer(plain[20:], np.uint8).reshape(height, width, channels)
