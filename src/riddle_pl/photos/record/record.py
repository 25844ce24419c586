"""A record (``.riddle`` file): what is needed, beside the password and the pack, to get the faces of a photo back.

Two modes:

- ``deniable``: no authenticator. A wrong password gives another face and no error. The name is the paper's aim: with
  today's encryptors the code that a guess decrypts to tells whether it is right, as riddle-attack measures.
- ``sealed``: additionally the original pixels under AES-256-GCM. The right password returns them bit for bit, a wrong
  one is an error. The encrypted code is in it as well, so that all that holds for it holds here too.

What whoever has a record can do without the password: docs/security.md. Either way the photo is pseudonymised (GDPR
Art. 4(5)), not anonymised: the password brings the person back.

Records open for ever: every later version of this package reads what a released version wrote, or says in one line
what it takes. The format is specified byte by byte in ``docs/record-format.md``; a change of it is a new
``format_version``, and the reader of each version stays. A sealed record gives its pixels back with this package and
the password alone; a deniable one also takes the pack that made it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from riddle_pl.errors import ConfigError, RecordError
from riddle_pl.files import atomic_write
from riddle_pl.key import NONCE_BYTES, KdfParams
from riddle_pl.photos.record import file as record_file
from riddle_pl.photos.record.checks import check_context, check_header, check_nonce, check_quad, check_w_enc
from riddle_pl.photos.record.file import CONTEXTS, SURROUNDINGS, Arrays, Header, digest
from riddle_pl.photos.record.png import embedded_bytes, embedded_in
from riddle_pl.photos.record.sealing import MIN_SEALED_BYTES, Patch, seal, unseal
from riddle_pl.photos.record.surroundings import Surroundings


@dataclass(frozen=True, eq=False)
class RecordedFace:
    """One face.

    Args:
        w_enc: its encrypted code; in float64 where the tokens are a key stream, else in float32.
        quad: the corners of its FFHQ crop in the photo, in pixels (see :mod:`riddle_pl.faces.align`).
        nonce: 16 bytes that no other face has under its password and salt; None where the faces share one stream.
        sealed: nonce and ciphertext of its original pixels, in a sealed record.
        context: what its encryptor read of the photo around it; None before version 4, or where it reads nothing.
    """

    w_enc: Float[Tensor, "n 512"]
    quad: Float64[np.ndarray, "4 2"]
    nonce: bytes | None = None
    sealed: bytes | None = None
    context: Float64[Tensor, "k"] | None = None


@dataclass(frozen=True, eq=False)
class Record:
    """The faces of one photo, encrypted under one password.

    Args:
        faces: at least one; all sealed or none.
        image_size: (width, height) of the photo in pixels.
        kdf: Argon2id parameters and salt.
        tokens: name of the password token scheme.
        pack_name, pack_hash: the pack that made the codes, and its hash.
        encryptor_name, encryptor_sha256: the same for the encryptor.
        version: of the format that it was read from and is written in; what was sealed is bound to it. 0 stands for the
            newest that has what it holds.
        surroundings: what is around the faces in the picture; None before version 3.
        source: how messages call it; the path after :meth:`load`. Not saved.

    Raises:
        RecordError: a value out of range.
    """

    faces: tuple[RecordedFace, ...]
    image_size: tuple[int, int]
    kdf: KdfParams
    tokens: str
    pack_name: str
    pack_hash: str
    encryptor_name: str
    encryptor_sha256: str
    version: int = 0
    surroundings: Surroundings | None = None
    source: str = field(default="the record")

    def __post_init__(self) -> None:
        if self.version == 0:
            object.__setattr__(self, "version", self._newest())
        check_header(self._header("deniable"))  # its mode is true by construction
        for index, face in enumerate(self.faces):
            check_w_enc(face.w_enc.numpy(force=True), self.tokens, f"w_enc of face {index}")
            check_quad(face.quad, f"quad of face {index}")
            check_nonce(face.nonce, self.version, f"nonce of face {index}")
            context = None if face.context is None else face.context.numpy(force=True)
            check_context(context, self.version, f"context of face {index}")
        if len({face.w_enc.shape[0] for face in self.faces}) != 1:
            raise RecordError("the faces have codes with different numbers of layers")
        if len({None if face.context is None else len(face.context) for face in self.faces}) != 1:
            raise RecordError("the faces have contexts of different sizes")
        if len({face.sealed is None for face in self.faces}) != 1:
            raise RecordError("some faces are sealed and some are not; seal all of them or none")
        if len({face.nonce is None for face in self.faces}) != 1:
            raise RecordError("some faces have a nonce and some have none; give all of them one or none")
        if (self.surroundings is None) != (self.version < SURROUNDINGS):
            state = "misses" if self.surroundings is None else "has"
            raise RecordError(f"a record of format version {self.version} {state} its picture's surroundings")

    def _newest(self) -> int:
        """The newest version of the format that has what this record holds."""
        if self.surroundings is None:
            return 1 if self.faces and self.faces[0].nonce is None else 2
        return SURROUNDINGS if self.faces and self.faces[0].context is None else CONTEXTS

    @property
    def mode(self) -> str:
        """``sealed`` or ``deniable``."""
        return "deniable" if self.faces[0].sealed is None else "sealed"

    @property
    def shares_stream(self) -> bool:
        """Whether its faces of one password share one stream, as those of linkable records do: it has no nonces."""
        return self.faces[0].nonce is None

    @property
    def w_enc(self) -> Float[Tensor, "faces n 512"]:
        """The codes of all faces, for the encryptor."""
        return torch.stack([face.w_enc for face in self.faces])

    def contexts(self, chosen: Sequence[int]) -> Float64[Tensor, "faces k"] | None:
        """What the encryptor read of the photo around some faces; None where it read nothing."""
        return stacked(self.faces[index].context for index in chosen)

    def check_pack(self, pack_name: str, pack_hash: str) -> None:
        """Makes sure that the pack in use is the one that made the record; the name may differ, the hash may not.

        Raises:
            RecordError: it is another.
        """
        if pack_hash != self.pack_hash:
            raise RecordError(
                f"{self.source} was made with pack {self.pack_name} (hash {self.pack_hash[:12]}); "
                f"the pack in use is {pack_name} (hash {pack_hash[:12]}): use the pack that made it "
                "(--pack FOLDER; each version of riddle-pl ships its own lite)"
            )

    def check_encryptor(self, name: str, sha256: str) -> None:
        """The same as :meth:`check_pack` for the encryptor.

        Raises:
            RecordError: it is another.
        """
        if sha256 != self.encryptor_sha256:
            raise RecordError(
                f"{self.source} was made with encryptor {self.encryptor_name} (sha256 {self.encryptor_sha256[:12]}); "
                f"the one in use is {name} (sha256 {sha256[:12]}): use the encryptor that made it"
            )

    def seal(self, keys: Sequence[bytes], patches: Sequence[Patch]) -> "Record":
        """The sealed form of this record.

        Args:
            keys: of :func:`riddle_pl.password.derive_key` with this record's ``kdf``, one per face (of the same
                password or of different ones).
            patches: the original pixels, one patch per face.

        Raises:
            RecordError: another number of keys or patches than faces, or a patch that is not inside the photo.
        """
        if not len(keys) == len(patches) == len(self.faces):
            raise RecordError(f"{len(keys)} keys and {len(patches)} patches for {len(self.faces)} faces; give one each")
        pairs = enumerate(zip(keys, patches, strict=True))
        return replace(self, faces=tuple(self.seal_face(key, patch, index) for index, (key, patch) in pairs))

    def seal_face(self, key: bytes, patch: Patch, face: int) -> RecordedFace:
        """The sealed form of one face; see :meth:`seal`."""
        if not patch.fits(self.image_size):
            raise RecordError(f"a patch is not inside the photo of {self.image_size[0]} x {self.image_size[1]} pixels")
        return replace(self.faces[face], sealed=seal(key, patch, self._associated(face)))

    def unseal(self, key: bytes, face: int) -> Patch:
        """The original pixels of a face, bit for bit.

        Raises:
            PasswordError: the key belongs to another password, or the record was altered.
            RecordError: the record is deniable, or holds something else than a patch of the photo.
        """
        sealed = self.faces[face].sealed
        if sealed is None:
            raise RecordError(f"{self.source} is deniable: it does not hold the original pixels")
        patch = unseal(key, sealed, self._associated(face))
        if not patch.fits(self.image_size):
            raise RecordError(f"{self.source} holds an original that is not inside its photo")
        return patch

    def to_bytes(self) -> bytes:
        """The contents of its file. The same record gives the same bytes.

        Raises:
            RecordError: too large.
        """
        arrays = self._open_arrays()
        for index, face in enumerate(self.faces):
            if face.sealed is not None:
                arrays[f"sealed.{index}"] = np.frombuffer(face.sealed, np.uint8)
        return record_file.encode(self._header(self.mode), arrays)

    @classmethod
    def from_bytes(cls, content: bytes, source: str) -> "Record":
        """The record in the contents of a file that may come from anyone.

        Args:
            source: how messages call it.

        Raises:
            RecordError: truncated, damaged, hostile, or of a newer format version; the line begins with
                ``source``.
        """
        try:
            header, arrays = record_file.decode(content)
            return _record(header, arrays, source)
        except (RecordError, ConfigError) as error:
            raise RecordError(f"{source}: {error}") from error

    def save(self, path: Path | str, overwrite: bool = False) -> None:
        """Writes a file, whole or not at all.

        Raises:
            FileError: it exists (unless ``overwrite``), or cannot be written.
            RecordError: too large.
        """
        with atomic_write(path, overwrite=overwrite) as temporary:
            temporary.write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: Path | str) -> "Record":
        """Reads and checks a file; see :meth:`from_bytes`.

        Raises:
            RecordError: also if it is missing or cannot be read; one line with the path.
        """
        return cls.from_bytes(record_file.read(path), f"record {path}")

    @classmethod
    def load_embedded(cls, path: Path | str) -> "Record":
        """Reads and checks the record inside a PNG picture; see :meth:`load`."""
        return cls.from_bytes(embedded_bytes(path), embedded_in(path))

    def _header(self, mode: str) -> Header:
        return {
            "format_version": self.version,
            "mode": mode,
            "image_size": list(self.image_size),
            "faces": len(self.faces),
            "kdf": {
                "name": "argon2id",
                "memory_kib": self.kdf.memory_kib,
                "time": self.kdf.time,
                "lanes": self.kdf.lanes,
                "salt": self.kdf.salt.hex(),
            },
            "tokens": self.tokens,
            "pack": {"name": self.pack_name, "sha256": self.pack_hash},
            "encryptor": {"name": self.encryptor_name, "sha256": self.encryptor_sha256},
        }

    def _open_arrays(self) -> Arrays:
        """What is not sealed."""
        arrays = {"w_enc": self.w_enc.numpy(force=True), "quads": np.stack([face.quad for face in self.faces])}
        nonces = [np.frombuffer(face.nonce, np.uint8) for face in self.faces if face.nonce is not None]
        around = self.surroundings
        arrays |= {} if around is None else {"grid": around.grid, "points": around.points}
        contexts = self.contexts(range(len(self.faces)))
        arrays |= {} if contexts is None else {"contexts": contexts.numpy(force=True)}
        return arrays | ({"nonces": np.stack(nonces)} if nonces else {})

    def _associated(self, face: int) -> bytes:
        """What AES-GCM authenticates beside a face's pixels: everything else in the sealed record, and its place."""
        return digest(self._header("sealed"), self._open_arrays()) + face.to_bytes(4, "little")


def stacked(contexts: Iterable[Float64[Tensor, "k"] | None]) -> Float64[Tensor, "faces k"] | None:
    """The contexts of faces that one encryptor reads, together; None where it reads none."""
    found = [context for context in contexts if context is not None]
    return torch.stack(found) if found else None


def _record(header: Header, arrays: Arrays, source: str) -> Record:
    """Checks types, shapes and ranges before it builds anything."""
    check_header(header)
    count = header["faces"]
    version = header["format_version"]
    names = {"w_enc", "quads"} | ({"grid", "points"} if version >= SURROUNDINGS else set())
    names |= {"nonces"} if version == 2 or (version >= SURROUNDINGS and "nonces" in arrays) else set()
    names |= {"contexts"} if version >= CONTEXTS else set()
    names |= {f"sealed.{i}" for i in range(count)} if header["mode"] == "sealed" else set()
    if set(arrays) != names:
        odd = min(set(arrays) ^ names)
        raise RecordError(f"array {odd:.40} is {'missing' if odd in names else 'unexpected'}; the file is damaged")
    w_enc, quads = arrays["w_enc"], arrays["quads"]
    if w_enc.ndim != 3 or len(w_enc) != count or quads.shape != (count, 4, 2) or quads.dtype != np.float64:
        raise RecordError(f"w_enc is {w_enc.shape}, quads {quads.dtype} {quads.shape}; expected those of {count} faces")
    nonces = arrays.get("nonces")
    if nonces is not None and (nonces.dtype != np.uint8 or nonces.shape != (count, NONCE_BYTES)):
        raise RecordError(f"nonces is {nonces.dtype} {nonces.shape}; expected uint8 {(count, NONCE_BYTES)}")
    contexts = arrays.get("contexts")
    if contexts is not None and (contexts.dtype != np.float64 or contexts.ndim != 2 or len(contexts) != count):
        raise RecordError(f"contexts is {contexts.dtype} {contexts.shape}; expected float64 numbers for {count} faces")
    faces = []
    for index in range(count):
        sealed = arrays.get(f"sealed.{index}")
        if sealed is not None and (sealed.dtype != np.uint8 or sealed.ndim != 1 or sealed.size < MIN_SEALED_BYTES):
            raise RecordError(f"sealed.{index} is {sealed.dtype} {sealed.shape}; expected bytes")
        check_w_enc(w_enc[index], header["tokens"], f"w_enc of face {index}")
        code = torch.from_numpy(w_enc[index].copy())
        nonce = None if nonces is None else nonces[index].tobytes()
        context = None if contexts is None else torch.from_numpy(contexts[index].copy())
        sealed_face = None if sealed is None else sealed.tobytes()
        faces.append(RecordedFace(code, quads[index].copy(), nonce, sealed_face, context))
    kdf = header["kdf"]
    return Record(
        faces=tuple(faces),
        image_size=(header["image_size"][0], header["image_size"][1]),
        kdf=KdfParams(kdf["memory_kib"], kdf["time"], kdf["lanes"], bytes.fromhex(kdf["salt"])),
        tokens=header["tokens"],
        pack_name=header["pack"]["name"],
        pack_hash=header["pack"]["sha256"],
        encryptor_name=header["encryptor"]["name"],
        encryptor_sha256=header["encryptor"]["sha256"],
        version=version,
        surroundings=Surroundings(arrays["grid"], arrays["points"]) if version >= SURROUNDINGS else None,
        source=source,
    )
