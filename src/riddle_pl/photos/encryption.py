"""Photos to photos with other people's faces: several at a time, so that their faces share the networks' batches."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from riddle_pl.errors import ConfigError, NoFaceError, RiddleError
from riddle_pl.faces.align import quad_side
from riddle_pl.faces.detect import Face, PhotoDetector, require_faces
from riddle_pl.key import KdfParams, check_password, derive_key
from riddle_pl.photos.choices import MODES, choose_faces
from riddle_pl.photos.face_coder import EncryptedCode, FaceCoder
from riddle_pl.photos.face_work import JUDGED_SIZE, FaceWork, aligned, invert, parse, start_faces
from riddle_pl.photos.gate.gate import Gate, Verdict
from riddle_pl.photos.gate.refusal import OF_THE_PERSON
from riddle_pl.photos.last_look import FaceOutcomes, last_look
from riddle_pl.photos.nonces import NonceChoice, best_codes
from riddle_pl.photos.paste.blend import Layer, supports
from riddle_pl.photos.paste.layers import Brush
from riddle_pl.photos.paste.solid import solid_face
from riddle_pl.photos.record.linkable import is_linkable
from riddle_pl.photos.record.record import Record, RecordedFace, stacked
from riddle_pl.photos.record.sealing import Patch
from riddle_pl.photos.reports import Encrypted, EncryptRequest
from riddle_pl.photos.surroundings import describe
from riddle_pl.process import usable_cores

ATTEMPTS = 3
"""Nonces that a face gets before it is refused for the person that they make of it."""


@dataclass(frozen=True, eq=False)
class Tools:
    """The parts of the pipeline."""

    coder: FaceCoder
    detector: PhotoDetector
    gate: Gate
    nonces: NonceChoice
    brush: Brush


@dataclass(eq=False)
class _Photo:
    """The state of one request."""

    request: EncryptRequest
    kdf: KdfParams
    keys: "dict[str, Future[bytes]]"
    found: "Future[list[Face]]"
    works: list[FaceWork] = field(default_factory=list)
    chosen: list[FaceWork] = field(default_factory=list)
    not_faces: list[FaceWork] = field(default_factory=list)
    left: list[FaceWork] = field(default_factory=list)

    @property
    def outcomes(self) -> FaceOutcomes:
        """The photo's faces, for the last look."""
        staying = [work for work in self.works if work not in self.chosen]
        return FaceOutcomes(
            [work for work in self.chosen if work.passed], staying, [w for w in self.chosen if not w.passed]
        )

    def password(self, work: FaceWork) -> str:
        return self.request.passwords.get(work.index, self.request.password)

    def key(self, work: FaceWork) -> bytes:
        return self.keys[self.password(work)].result()


def encrypt_photos(requests: Sequence[EncryptRequest], tools: Tools) -> list[Encrypted | RiddleError]:
    """One answer per request: the encrypted photo, or what is wrong with that photo or its request.

    Key derivations and detections of all photos run in threads; their faces then go through the networks together.

    Raises:
        PackError, CheckpointError: the pack lacks a network or holds a damaged one; that concerns all photos.
    """
    start = time.perf_counter()
    answers: dict[int, Encrypted | RiddleError] = {}
    photos: dict[int, _Photo] = {}
    with ThreadPoolExecutor(usable_cores()) as pool:
        for number, request in enumerate(requests):
            try:
                photos[number] = _start(request, tools, pool)
            except RiddleError as error:
                answers[number] = error
        for number, photo in list(photos.items()):
            try:
                _find(photo, tools)
            except RiddleError as error:
                answers[number] = error
                del photos[number]
        chosen = [work for photo in photos.values() for work in photo.chosen]
        parse(chosen, tools.brush, tools.gate, pool)
        invert(chosen, tools.coder, tools.gate)
        codes: _Codes = {}
        images: dict[int, UInt8[np.ndarray, "h w 3"]] = {}
        pending = dict(photos)
        for last in (False,) * (ATTEMPTS - 1) + (True,):
            codes |= _encrypt(list(pending.values()), codes, tools, pool)
            composed = pool.map(_compose, pending.values(), repeat(codes), repeat(tools.brush))
            images |= dict(zip(pending, composed, strict=True))
            _judge([(photo, images[number]) for number, photo in pending.items()], tools.gate)
            done = {number: photo for number, photo in pending.items() if last or not _to_retry(photo, codes, tools)}
            if tools.gate.checks_whole_photo:
                _last_look(done, images, tools, pool)
                done = {number: photo for number, photo in done.items() if last or not _to_retry(photo, codes, tools)}
            pending = {number: photo for number, photo in pending.items() if number not in done}
            for photo in pending.values():
                for work in _to_retry(photo, codes, tools):  # with another nonce
                    del codes[work]
                    work.verdict = Verdict(work.inversion)
                photo.left.clear()
            if not pending:
                break
        for photo in photos.values():
            photo.works += photo.left
            photo.chosen += photo.left
        for number, photo in photos.items():
            if any(not work.passed for work in photo.chosen):
                images[number] = _compose(photo, codes, tools.brush)
    count = sum(len(photo.works) for photo in photos.values()) or 1
    seconds = (time.perf_counter() - start) / count
    for number, photo in photos.items():
        reports = tuple(work.report(work in photo.chosen, seconds, work in photo.not_faces) for work in photo.works)
        answers[number] = Encrypted(images[number], _record(photo, images[number], codes, tools.coder), reports)
    return [answers[number] for number in range(len(requests))]


@dataclass(frozen=True, eq=False)
class _Code:
    """An encrypted face and where it goes."""

    code: EncryptedCode
    layer: Layer


_Codes = dict[FaceWork, _Code]


def _start(request: EncryptRequest, tools: Tools, pool: ThreadPoolExecutor) -> _Photo:
    """Checks the request and starts what takes long."""
    if request.mode not in MODES:
        raise ConfigError(f"mode is {request.mode!r}; choose from {', '.join(MODES)}")
    passwords = {request.password, *request.passwords.values()}
    for password in passwords:
        check_password(password)
    kdf = KdfParams() if request.kdf is None else request.kdf
    keys = {password: pool.submit(derive_key, password, kdf) for password in passwords}
    given, image = request.faces, request.image
    found = pool.submit(lambda: tools.detector.detect(image) if given is None else list(given))
    return _Photo(request, kdf, keys, found)


def _find(photo: _Photo, tools: Tools) -> None:
    request = photo.request
    faces = require_faces(photo.found.result(), request.name)
    not_faces, named = set(request.not_faces), sorted({*request.not_faces, *request.passwords})
    chosen = [index for index in choose_faces(len(faces), request.only, request.name, named) if index not in not_faces]
    if not chosen:
        raise NoFaceError(f"no face of {request.name} is left to encrypt; nothing in it would change")
    photo.works = start_faces(request.image, faces, tools.gate)
    photo.chosen = [photo.works[index] for index in chosen]
    photo.not_faces = [photo.works[index] for index in sorted(not_faces)]


def _to_retry(photo: _Photo, codes: _Codes, tools: Tools) -> list[FaceWork]:
    """The faces that were refused for the person that their nonce made of them; linkable ones have no other."""
    if is_linkable(photo.kdf, tools.coder.pack.fingerprint("generator")):
        return []
    return [work for work in photo.chosen if work.verdict.reason in OF_THE_PERSON and work in codes]


def _last_look(
    photos: Mapping[int, _Photo],
    images: Mapping[int, UInt8[np.ndarray, "_h _w 3"]],
    tools: Tools,
    pool: ThreadPoolExecutor,
) -> None:
    """The gate's last look at what would be published."""
    seen = pool.map(tools.detector.detect, [images[number] for number in photos])
    for (number, photo), faces in zip(photos.items(), seen, strict=True):
        image = photo.request.image
        photo.left = last_look(image, images[number], faces, photo.outcomes, tools.gate, tools.detector)


def _encrypt(photos: Sequence[_Photo], done: _Codes, tools: Tools, pool: ThreadPoolExecutor) -> _Codes:
    """Codes and layers of the faces that passed the gate so far and have none yet."""
    pairs = [(work, photo) for photo in photos for work in photo.chosen if work.passed and work not in done]
    if not pairs:
        return {}
    works = [work for work, _ in pairs]
    w = torch.stack([work.w for work in works if work.w is not None])
    pack_hash = tools.coder.pack.fingerprint("generator")
    linkable = [is_linkable(photo.kdf, pack_hash) for _, photo in pairs]
    keys = [photo.key(work) for work, photo in pairs]
    context = stacked(work.context for work in works)
    codes = best_codes(tools.coder, tools.nonces, w, keys, linkable, _judged(works), context)
    sides = [quad_side(work.quad) for work in works]
    x_enc = tools.coder.synthesise_for(torch.stack([code.shown for code in codes]), sides)
    layers = pool.map(lambda work, x: tools.brush.layer(work.photo, work.quad, x, theirs=work.regions), works, x_enc)
    return {work: _Code(code, layer) for work, code, layer in zip(works, codes, layers, strict=True)}


def _judged(works: Sequence[FaceWork]) -> Float[Tensor, "b 3 j j"]:
    """The faces of the photo, at ``JUDGED_SIZE``."""
    return torch.stack([work.judged for work in works if work.judged is not None])


def _compose(photo: _Photo, codes: _Codes, brush: Brush) -> UInt8[np.ndarray, "h w 3"]:
    """The photo with refused faces filled and the others pasted."""
    image = photo.request.image
    for work in photo.chosen:
        if not work.passed:
            image = solid_face(image, work.face)
    return brush.paste(image, _layers(photo, codes), _neighbours(photo))


def _layers(photo: _Photo, codes: _Codes) -> list[Layer]:
    return [codes[work].layer for work in photo.chosen if work.passed]


def _neighbours(photo: _Photo) -> list[Float[np.ndarray, "4 2"]]:
    """Squares of the faces that are to stay as they are."""
    staying = (work for work in photo.works if work not in photo.chosen and work not in photo.not_faces)
    return [work.quad for work in staying if len(work.quad)]


def _judge(results: Sequence[tuple[_Photo, UInt8[np.ndarray, "_h _w 3"]]], gate: Gate) -> None:
    """The gate's verdict on what would be published."""
    works, crops = [], []
    for photo, image in results:
        for work in photo.chosen:
            if work.passed:
                works.append(work)
                crops.append(aligned([work], JUDGED_SIZE, image))
    if not works:
        return
    for work, verdict in zip(works, gate.published(_judged(works), torch.cat(crops)), strict=True):
        work.published, work.verdict = verdict, verdict


def _record(photo: _Photo, published: UInt8[np.ndarray, "h w 3"], codes: _Codes, coder: FaceCoder) -> Record | None:
    works = [work for work in photo.chosen if work.passed]
    if not works:
        return None
    image, pack = photo.request.image, coder.pack
    encrypted = [(work, codes[work].code) for work in works]
    record = Record(
        faces=tuple(RecordedFace(code.w_enc, work.quad, code.nonce, context=work.context) for work, code in encrypted),
        image_size=(image.shape[1], image.shape[0]),
        kdf=photo.kdf,
        tokens=coder.tokens.name,
        pack_name=pack.name,
        pack_hash=pack.fingerprint("generator"),
        encryptor_name=coder.encryptor_name,
        encryptor_sha256=pack.expected_sha256(coder.encryptor_name) or "",
        surroundings=describe(published, [work.quad for work in works]),
    )
    if photo.request.mode == "deniable":
        return record
    patches = _originals(image, _layers(photo, codes), _neighbours(photo))
    return record.seal([photo.key(work) for work in works], patches)


def _originals(
    image: UInt8[np.ndarray, "h w 3"], layers: Sequence[Layer], neighbours: Sequence[Float[np.ndarray, "4 2"]]
) -> list[Patch]:
    """The pixels that each layer may change, with a fourth channel that marks them; 0 elsewhere."""
    patches = []
    for support in supports((image.shape[1], image.shape[0]), layers, neighbours):
        height, width = support.changed.shape
        rows, columns = slice(support.top, support.top + height), slice(support.left, support.left + width)
        marked = np.where(support.changed, np.uint8(255), np.uint8(0))[..., None]
        pixels = np.where(support.changed[..., None], image[rows, columns], np.uint8(0))
        patches.append(Patch(np.concatenate([pixels, marked], axis=-1), support.left, support.top))
    return patches
