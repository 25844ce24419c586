"""The photo pipeline: detect, align, invert, encrypt with a password, synthesise, blend; and the way back.

What comes out is pseudonymised (GDPR Art. 4(5)), not anonymised: the record and the password bring the person back.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from riddle_pl.errors import PhotoError, RecordError, RiddleError
from riddle_pl.faces.detect import Face, PhotoDetector, require_faces
from riddle_pl.faces.find import PhotoFaceDetector
from riddle_pl.inversion import Inversion
from riddle_pl.key import KdfParams
from riddle_pl.packs import Pack
from riddle_pl.photos.choices import choose_faces
from riddle_pl.photos.decryption import (
    face_keys,
    originals_alone,
    recover,
    restore,
    still_there,
    unsealed,
)
from riddle_pl.photos.drawing import Drawing
from riddle_pl.photos.encryption import Tools, encrypt_photos
from riddle_pl.photos.face_coder import FaceCoder
from riddle_pl.photos.face_work import invert, parse, start_faces
from riddle_pl.photos.gate.gate import Gate, quality_gate
from riddle_pl.photos.gate.refusal import FaceRefusedError
from riddle_pl.photos.nonces import AnyNonce, NonceChoice
from riddle_pl.photos.paste.colour import ColourMatch, MatchSeam
from riddle_pl.photos.paste.grain import GrainMatch, KeepGrain
from riddle_pl.photos.paste.layers import Brush
from riddle_pl.photos.paste.mask import FaceMap, ParserMap
from riddle_pl.photos.placement import find_place
from riddle_pl.photos.record.record import Record
from riddle_pl.photos.reports import Encrypted, EncryptRequest, FaceReport
from riddle_pl.process import usable_cores


class Pseudonymiser:
    """Encrypts and decrypts faces in photos.

    Nothing is loaded or downloaded before the first call.

    Args:
        pack: see :func:`riddle_pl.packs.load_pack`.
        detector: finds faces; MTCNN and RetinaFace together by default.
        encryptor: role of the encryptor that :meth:`encrypt` uses; :meth:`decrypt` uses the record's.
        device: where the pack's networks run.
        gate: refuses faces; see :class:`riddle_pl.photos.gate.gate.QualityGate`.
        face_map: says what is pasted; the pack's parser by default.
        batch_size: faces that go through a network at a time.
        inversion: photo to code; :class:`riddle_pl.inversion.RefinedInversion` by default.
        nonces: which nonce a face gets; any by default.
        colour: brings a face's colours to the photo's; at the seam by default.
        grain: brings its sharpness and noise to the photo's; left as drawn by default.
        drawing: what runs the generator; PyTorch by default.

    Example::

        pseudonymiser = Pseudonymiser(load_pack("lite"))
        anonymised, record = pseudonymiser.encrypt(load_image("portrait.jpg"), "a password")
        recovered = pseudonymiser.decrypt(record, "a password", anonymised)
    """

    def __init__(
        self,
        pack: Pack,
        detector: PhotoDetector | None = None,
        encryptor: str = "encryptor",
        device: torch.device | str = "cpu",
        gate: Gate | None = None,
        face_map: FaceMap | None = None,
        batch_size: int = 8,
        inversion: Inversion | None = None,
        nonces: NonceChoice | None = None,
        colour: ColourMatch | None = None,
        grain: GrainMatch | None = None,
        drawing: Drawing | None = None,
    ):
        self.pack = pack
        self.device = torch.device(device)
        self.detector: PhotoDetector = PhotoFaceDetector() if detector is None else detector
        self.coder = FaceCoder(pack, encryptor, self.device, batch_size, inversion, drawing)
        self.gate: Gate = quality_gate(pack, self.device) if gate is None else gate
        self.nonces: NonceChoice = AnyNonce() if nonces is None else nonces
        self.brush = Brush(
            ParserMap(pack, self.device) if face_map is None else face_map,
            MatchSeam() if colour is None else colour,
            KeepGrain() if grain is None else grain,
        )

    def prepare(self) -> None:
        """Loads the networks now, so that a fault in the pack shows before the user is asked for anything.

        Raises:
            PackError: a network is missing or damaged.
            CheckpointError: a file does not fit its architecture.
        """
        self.brush.prepare()
        self.coder.prepare()

    def find_faces(self, image: UInt8[np.ndarray, "h w 3"] | Image.Image, name: str = "the photo") -> list[Face]:
        """The faces of a photo, the largest first; at least one.

        Raises:
            NoFaceError: there is none; the line names ``name``.
        """
        return require_faces(self.detector.detect(_pixels(image)), name)

    def analyse(self, image: UInt8[np.ndarray, "h w 3"] | Image.Image, name: str = "the photo") -> list[FaceReport]:
        """What is known about every face of a photo before it is encrypted; changes nothing, needs no password.

        Raises:
            NoFaceError: there is none.
        """
        start = time.perf_counter()
        photo = _pixels(image)
        works = start_faces(photo, self.find_faces(photo, name), self.gate)
        with ThreadPoolExecutor(usable_cores()) as pool:
            parse(works, self.brush, self.gate, pool)
        invert(works, self.coder, self.gate)
        seconds = (time.perf_counter() - start) / len(works)
        return [work.report(True, seconds) for work in works]

    def encrypt(
        self,
        image: UInt8[np.ndarray, "h w 3"] | Image.Image,
        password: str,
        *,
        faces: Sequence[Face] | None = None,
        only: Collection[int] | None = None,
        not_faces: Collection[int] = (),
        passwords: Mapping[int, str] | None = None,
        mode: str = "deniable",
        kdf: KdfParams | None = None,
        name: str = "the photo",
    ) -> tuple[UInt8[np.ndarray, "h w 3"], Record]:
        """The photo with other people's faces, and the record that brings the right ones back.

        Args:
            image: the photo, upright, RGB.
            password: not empty.
            faces: the photo's faces where they are known, of :meth:`find_faces`; found anew by default.
            only: indices of the faces to encrypt; all by default. All others stay as they are.
            not_faces: indices of what a detector takes for a face and is none: left as it is, and not judged.
            passwords: by face index, for faces that have another one than ``password``.
            mode: ``deniable`` (a wrong password gives another face and no error) or ``sealed`` (the record also holds
                the original pixels, and a wrong password is an error). What either gives away: docs/security.md.
            kdf: cost and salt of the key derivation; a fresh random salt by default.
            name: how error lines call the photo.

        Raises:
            FaceRefusedError: the gate refuses a face; it says which and why.
            NoFaceError: no face was found or chosen.
            PasswordError: empty password.
            ConfigError: unknown mode or face index.
            PackError, CheckpointError: the pack lacks a network or holds a damaged one.
        """
        request = EncryptRequest(_pixels(image), password, passwords or {}, faces, only, not_faces, mode, kdf, name)
        (answer,) = self.encrypt_batch([request])
        if isinstance(answer, RiddleError):
            raise answer
        if answer.refusals or answer.record is None:
            raise FaceRefusedError(name, answer.refusals)
        return answer.image, answer.record

    def encrypt_batch(self, requests: Sequence[EncryptRequest]) -> list[Encrypted | RiddleError]:
        """Several photos at a time, which is faster than one by one. One answer per request, in order.

        A face that the gate refuses is filled solidly and named in ``Encrypted.refusals``: what becomes of the photo
        is for the caller to decide. A photo or request that is at fault gives its error as its answer.

        Raises:
            PackError, CheckpointError: the pack lacks a network or holds a damaged one.
        """
        requests = [r if r.kdf else replace(r, kdf=KdfParams()) for r in requests]
        return encrypt_photos(requests, Tools(self.coder, self.detector, self.gate, self.nonces, self.brush))

    def decrypt(
        self,
        record: Record,
        password: str,
        image: UInt8[np.ndarray, "h w 3"] | Image.Image | None = None,
        *,
        only: Collection[int] | None = None,
        passwords: Mapping[int, str] | None = None,
        force: bool = False,
    ) -> UInt8[np.ndarray, "h2 w2 3"]:
        """The recovered faces in their photo; without the photo the faces alone, side by side.

        A deniable record gives some face for every password, and no error. A sealed record gives the original pixels
        bit for bit.

        Args:
            record: of :meth:`encrypt`.
            password: the one given there.
            image: the photo that :meth:`encrypt` made, also scaled, cut, turned or mirrored, as far as its surroundings
                tell how. Faces that were cut off are left out.
            only: indices in the record of the faces to recover; all by default.
            passwords: by index in the record, for faces that have another one than ``password``.
            force: a picture of the right size is taken, whatever its surroundings.

        Raises:
            RecordError: deniable, and made with another pack or encryptor.
            PhotoError: ``image`` is another picture than the record's, or does not tell how it was changed.
            PasswordError: empty; for a sealed record also a wrong password.
            ConfigError: the record has no face of an index.
            NoFaceError: no face was chosen.
        """
        self.check(record)
        chosen = choose_faces(len(record.faces), only, record.source, passwords or {})
        photo, placement, placed = None if image is None else _pixels(image), None, record
        if photo is not None:
            placement = find_place(record, photo, force)
            photo = placement.upright(photo)
            placed = placement.place(record, (photo.shape[1], photo.shape[0]))
            chosen = still_there(placed, chosen)
        keys = face_keys(record, password, passwords or {}, chosen)
        if record.mode == "deniable":
            recovered = recover(placed, keys, chosen, photo, self.coder_for(record), self.brush)
        elif photo is None or placement is None:
            return originals_alone(unsealed(record, keys, chosen))
        else:
            recovered = restore(photo, unsealed(record, keys, chosen), placement)
        return recovered if placement is None else placement.upright(recovered)

    def check(self, record: Record, photo: UInt8[np.ndarray, "h w 3"] | None = None, force: bool = False) -> None:
        """What can be known before there is a password: of the networks, and of the record's own picture, unchanged.

        A sealed record opens with any pack, since its pixels take no network: it outlives the pack that made it.

        Raises:
            RecordError: see :meth:`decrypt`.
            PhotoError: the picture is another one, or was changed.
        """
        if record.mode == "deniable":
            self.coder_for(record)
        if photo is not None and not find_place(record, photo, force).unchanged:
            raise PhotoError(
                f"the picture was scaled, cut, turned or mirrored since {record.source} was made; give the one that "
                "was written with it"
            )

    def coder_for(self, record: Record) -> FaceCoder:
        """The networks that made a record.

        Raises:
            RecordError: this pack does not hold them.
        """
        record.check_pack(self.pack.name, self.pack.fingerprint("generator"))
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
        if name == self.coder.encryptor_name:
            return self.coder
        coder = FaceCoder(self.pack, name, self.device, self.coder.batch_size, self.coder.inversion)
        coder.generators = self.coder.generators
        return coder


def _pixels(image: UInt8[np.ndarray, "h w 3"] | Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    return np.asarray(image.convert("RGB")) if isinstance(image, Image.Image) else image
