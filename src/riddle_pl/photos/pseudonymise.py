"""The photo pipeline: detect, align, invert, encrypt with a password, synthesise, blend; and the way back.

What comes out is pseudonymised (GDPR Art. 4(5)), not anonymised: the record and the password bring the person back.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from riddle_pl.errors import ConfigError, NoFaceError, PhotoError, RecordError
from riddle_pl.packs import Pack
from riddle_pl.password import KdfParams, derive_key
from riddle_pl.photos.align import align_face, ffhq_quad
from riddle_pl.photos.blend import blend_face
from riddle_pl.photos.detect import Face, FaceDetector
from riddle_pl.photos.face_coder import FaceCoder
from riddle_pl.photos.record import Record, RecordedFace
from riddle_pl.photos.sealing import Patch

MODES = ("deniable", "sealed")


class Detector(Protocol):
    """Anything that finds faces, the largest first, as :class:`riddle_pl.photos.detect.FaceDetector` does."""

    def detect(self, image: UInt8[np.ndarray, "h w 3"]) -> list[Face]: ...


class Pseudonymiser:
    """Encrypts and decrypts faces in photos.

    Nothing is loaded or downloaded before the first call.

    Args:
        pack: see :func:`riddle_pl.packs.load_pack`.
        detector: finds faces; MTCNN by default.
        encryptor: role of the encryptor that :meth:`encrypt` uses; :meth:`decrypt` uses the record's.
        device: where the pack's networks run.

    Example::

        pseudonymiser = Pseudonymiser(load_pack("lite"))
        anonymised, record = pseudonymiser.encrypt(load_image("portrait.jpg"), "a password")
        recovered = pseudonymiser.decrypt(record, "a password", anonymised)
    """

    def __init__(
        self,
        pack: Pack,
        detector: Detector | None = None,
        encryptor: str = "encryptor",
        device: torch.device | str = "cpu",
    ):
        self.pack = pack
        self.detector: Detector = FaceDetector() if detector is None else detector
        self.device = torch.device(device)
        self.coder = FaceCoder(pack, encryptor, self.device)

    def find_faces(self, image: UInt8[np.ndarray, "h w 3"] | Image.Image, name: str = "the photo") -> list[Face]:
        """The faces of a photo, the largest first; at least one.

        Raises:
            NoFaceError: there is none; the line names ``name``.
        """
        faces = self.detector.detect(_pixels(image))
        if not faces:
            raise NoFaceError(f"no face was found in {name}; give a photo in which a face is seen from the front")
        return faces

    def encrypt(
        self,
        image: UInt8[np.ndarray, "h w 3"] | Image.Image,
        password: str,
        *,
        faces: Sequence[Face] | None = None,
        mode: str = "deniable",
        kdf: KdfParams | None = None,
        name: str = "the photo",
    ) -> tuple[UInt8[np.ndarray, "h w 3"], Record]:
        """The photo with other people's faces, and the record that brings the right ones back.

        Args:
            image: the photo, upright, RGB.
            password: not empty.
            faces: which faces to encrypt, of :meth:`find_faces`; the largest by default. All others stay as they are.
            mode: ``deniable`` (a wrong password gives another face and no error) or ``sealed`` (the record also holds
                the original pixels, and tells a wrong password).
            kdf: cost and salt of the key derivation; a fresh random salt by default.
            name: how error lines call the photo.

        Raises:
            NoFaceError: no face was found.
            PasswordError: empty password.
            ConfigError: unknown mode.
            PhotoError: the faces' points make no sense.
            PackError, CheckpointError: the pack lacks a network or holds a damaged one.
        """
        if mode not in MODES:
            raise ConfigError(f"mode is {mode!r}; choose from {', '.join(MODES)}")
        photo = _pixels(image)
        kdf = KdfParams() if kdf is None else kdf
        key = derive_key(password, kdf)
        chosen = self.find_faces(photo, name)[:1] if faces is None else list(faces)
        if not chosen:
            raise NoFaceError(f"no face of {name} was chosen; give at least one")
        quads = [ffhq_quad(face.points) for face in chosen]
        x = torch.cat([align_face(photo, quad, self.pack.size) for quad in quads])
        w_enc = self.coder.transform(self.coder.invert(x), self.coder.password(key))
        record = Record(
            faces=tuple(RecordedFace(code, quad) for code, quad in zip(w_enc, quads, strict=True)),
            image_size=(photo.shape[1], photo.shape[0]),
            kdf=kdf,
            tokens=self.coder.tokens.name,
            pack_name=self.pack.name,
            pack_hash=pack_hash(self.pack),
            encryptor_name=self.coder.encryptor_name,
            encryptor_sha256=self.pack.expected_sha256(self.coder.encryptor_name) or "",
        )
        if mode == "sealed":
            record = record.seal([key] * len(quads), [original_patch(photo, quad) for quad in quads])
        return _blend_all(photo, self.coder.synthesise(w_enc), quads), record

    def decrypt(
        self, record: Record, password: str, image: UInt8[np.ndarray, "h w 3"] | Image.Image | None = None
    ) -> UInt8[np.ndarray, "h w 3"]:
        """The recovered faces in their photo; without the photo the face alone (several: side by side).

        A deniable record gives some face for every password, and nothing says whether it is the right one. A sealed
        record gives the original pixels bit for bit.

        Args:
            record: of :meth:`encrypt`.
            password: the one given there.
            image: the photo that :meth:`encrypt` made.

        Raises:
            RecordError: made with another pack or encryptor.
            PhotoError: ``image`` has another size than the record's photo.
            PasswordError: empty; for a sealed record also a wrong password.
        """
        photo = None if image is None else _pixels(image)
        self.check(record, photo)
        coder = self.coder_for(record)
        key = derive_key(password, record.kdf)
        if record.mode == "sealed":
            patches = [record.unseal(key, index) for index in range(len(record.faces))]
            if any(patch.pixels.shape[2] != 3 for patch in patches):
                raise RecordError(f"{record.source} holds an original that is not RGB; it was made by another program")
            return _side_by_side([p.pixels for p in patches]) if photo is None else _restore(photo, patches)
        x = coder.synthesise(coder.transform(record.w_enc, coder.password(key)))
        if photo is None:
            return _side_by_side([to_pixels(face) for face in x])
        return _blend_all(photo, x, [face.quad for face in record.faces])

    def check(self, record: Record, photo: UInt8[np.ndarray, "h w 3"] | None = None) -> None:
        """What :meth:`decrypt` can know before it has the password.

        Raises:
            RecordError, PhotoError: see :meth:`decrypt`.
        """
        self.coder_for(record)
        if photo is not None and (photo.shape[1], photo.shape[0]) != record.image_size:
            width, height = record.image_size
            raise PhotoError(
                f"the picture is {photo.shape[1]} x {photo.shape[0]}; {record.source} belongs to one of "
                f"{width} x {height}: give the picture that was written with it, or ask for the face alone"
            )

    def coder_for(self, record: Record) -> FaceCoder:
        """The networks that made a record.

        Raises:
            RecordError: this pack does not hold them.
        """
        record.check_pack(self.pack.name, pack_hash(self.pack))
        name = record.encryptor_name
        if name not in self.pack.roles:
            raise RecordError(
                f"{record.source} was made with encryptor {name}, which pack {self.pack.name} does not have; "
                "use the pack that made it"
            )
        record.check_encryptor(name, self.pack.expected_sha256(name) or "")
        if record.w_enc.shape[1] != self.pack.num_layers:
            raise RecordError(
                f"{record.source} has codes of {record.w_enc.shape[1]} layers; "
                f"pack {self.pack.name} has {self.pack.num_layers}"
            )
        return self.coder if name == self.coder.encryptor_name else FaceCoder(self.pack, name, self.device)


def pack_hash(pack: Pack) -> str:
    """What of a pack a record depends on beside its encryptor: the generator."""
    return pack.fingerprint("generator")


def original_patch(photo: UInt8[np.ndarray, "h w 3"], quad: Float[np.ndarray, "4 2"]) -> Patch:
    """The upright rectangle of the photo that holds every pixel which blending over the quad may change."""
    left, top = (max(0, int(value)) for value in np.floor(quad.min(axis=0)))
    right, bottom = (int(value) for value in np.ceil(quad.max(axis=0)))
    return Patch(photo[top:bottom, left:right].copy(), left, top)


def to_pixels(x: Float[Tensor, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """An image in [-1, 1] as 8-bit pixels."""
    pixels: UInt8[np.ndarray, "h w 3"] = ((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    return pixels


def _pixels(image: UInt8[np.ndarray, "h w 3"] | Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    return np.asarray(image.convert("RGB")) if isinstance(image, Image.Image) else image


def _blend_all(
    photo: UInt8[np.ndarray, "h w 3"], x: Float[Tensor, "b 3 s s"], quads: Sequence[Float[np.ndarray, "4 2"]]
) -> UInt8[np.ndarray, "h w 3"]:
    for face, quad in zip(x, quads, strict=True):
        photo = blend_face(photo, face[None], quad)
    return photo


def _restore(photo: UInt8[np.ndarray, "h w 3"], patches: Sequence[Patch]) -> UInt8[np.ndarray, "h w 3"]:
    result = photo.copy()
    for patch in patches:
        height, width, _ = patch.pixels.shape
        result[patch.top : patch.top + height, patch.left : patch.left + width] = patch.pixels
    return result


def _side_by_side(faces: Sequence[UInt8[np.ndarray, "_h _w 3"]]) -> UInt8[np.ndarray, "h w 3"]:
    height = max(face.shape[0] for face in faces)
    return np.concatenate([np.pad(f, ((0, height - f.shape[0]), (0, 0), (0, 0))) for f in faces], axis=1)
