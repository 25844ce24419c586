"""The demo, from start to finish."""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from riddle_pl.demo.figures import Figures, measure, table_of
from riddle_pl.demo.openpeople import PEOPLE, WHEEL, fetch_photos, photographed_people
from riddle_pl.demo.people import Person, astronaut, generated_people
from riddle_pl.demo.photos import draw_photos
from riddle_pl.demo.pipeline import PASSWORD_1, PASSWORD_2, WRONG_1, WRONG_2, DemoFace, DemoPipeline
from riddle_pl.demo.sheet import draw_sheet
from riddle_pl.demo.stages import Stages
from riddle_pl.demo.training import EXPERIMENT, short_training
from riddle_pl.errors import PackError, one_line
from riddle_pl.faces.find import PhotoFaceDetector
from riddle_pl.files import atomic_write, require_writable_dir
from riddle_pl.inversion import OptimisedInversion, RefinedInversion
from riddle_pl.judging.gate_judges import best_judge
from riddle_pl.key import SALT_BYTES, KdfParams, repeatable_nonces
from riddle_pl.packs import Pack, choose_pack
from riddle_pl.packs.choose import SMALL
from riddle_pl.packs.pack import PADDED
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.face_coder import FaceCoder
from riddle_pl.photos.gate.gate import OpenGate
from riddle_pl.photos.jobs.outputs import save_pair, save_picture
from riddle_pl.photos.pseudonymise import Pseudonymiser

STEPS = 40
"""Of training with the small pack: enough to see what a run prints."""

LARGE = 128
"""From this size in pixels on, photos are fetched, which smaller packs show little of, and inverted as by ``riddle
encrypt``: a hundred steps would take minutes. Smaller packs also show a whole photo."""

MIN_FACE = 96
"""Pixels of the smallest face looked for: the photos are portraits, and it saves most of the search."""

WIDTH_WITHOUT_TERMINAL = 160
JPEG: Mapping[str, Any] = {"quality": 78, "subsampling": 2, "optimize": True}
"""Of the picture: half a megabyte for five photos of 256 px."""
PHOTOS_JPEG: Mapping[str, Any] = {"quality": 88, "optimize": True}
"""Of the picture with the whole photos, which is to show what a photo keeps."""


def run_demo(
    out: Path,
    steps: int | None = None,
    pack: str | None = None,
    seed: int = 0,
    quiet: bool = False,
    people: int = len(PEOPLE),
) -> list[Path]:
    """Encrypts and recovers faces with the pack's encryptor; with the pack lite after a short training run.

    Args:
        out: folder of the results; pictures of an earlier demo in it are replaced.
        steps: training steps; 0 leaves the training out; None: ``STEPS`` with the small pack, 0 with another.
        pack: name or folder; None: the photographic one where it is complete, else the small one.
        seed: of everything that is random; the same seed gives the same picture.
        quiet: print nothing but errors, show no progress.
        people: rows of the picture.

    Returns:
        The files and folders that were written.

    Raises:
        RiddleError: an unwritable folder, an incomplete pack, no face found.
    """
    console = Console(quiet=quiet, highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    stages = Stages()
    opened = choose_pack(pack, say=console.print)
    role = shown_encryptor(opened)
    inversion = RefinedInversion(opened) if opened.size >= LARGE else OptimisedInversion(opened)
    opened.check("generator", role)
    inversion.check()
    out = require_writable_dir(out, "output folder", create=True)
    written: list[Path] = []
    steps = steps if steps is not None else STEPS if opened.name == SMALL else 0
    if steps > 0:
        console.print(f"Training a fresh encryptor: {steps} steps, experiment={EXPERIMENT}")
        with stages("training"):
            written.append(short_training(_new_folder(out / "training"), steps, opened.address, seed, quiet))
    # The demo shows what comes out, and publishes nothing: it needs no gate.
    detector = PhotoFaceDetector(min_face=MIN_FACE)
    pseudonymiser = Pseudonymiser(opened, detector, role, gate=OpenGate(), inversion=inversion)
    persons = choose_people(pseudonymiser, people, seed, stages, console)
    console.print(
        f"{len(persons)} faces through {role} of pack {opened.name}, drawn at {opened.size} px: inverted, encrypted "
        f"with {PASSWORD_1!r} and with {PASSWORD_2!r}; the first one recovered, and decrypted with {WRONG_1!r} and "
        f"{WRONG_2!r} ..."
    )
    kdfs = [demo_kdf(seed, number) for number in range(len(persons))]
    x = torch.cat([person.aligned(opened.size) for person in persons])
    demo_faces = DemoPipeline(pseudonymiser.coder, stages)([person.name for person in persons], x, kdfs)
    with stages("judging"):
        judge = best_judge(opened)
        figures = measure(demo_faces, judge)
    console.print(table_of(figures))
    if judge.note:
        console.print(judge.note)
    if opened.size < LARGE:
        with stages("whole photo"):
            pseudonymiser.coder.draw_nonce = repeatable_nonces(kdfs[0].salt)
            written += _write_photo(out, pseudonymiser, persons[0], kdfs[0])
    elif PADDED in opened.roles:
        console.print(f"{len(persons)} whole photos with {PADDED}, as `riddle encrypt` and `riddle decrypt` do it ...")
        with stages("whole photos"):
            written.append(_write_photos(out / "photos.jpg", pseudonymiser.coder, persons, kdfs))
    written.append(_write_sheet(out / "demo.jpg", opened, role, seed, demo_faces, figures))
    console.print(stages.line())
    console.print("Written:", *(f"  {path}" for path in written), sep="\n")
    console.print("With your own photo: riddle encrypt PHOTO")
    return written


def shown_encryptor(pack: Pack) -> str:
    """The role of the pack's usual encryptor; where there is none, of the first that there is."""
    return next((role for role in ("encryptor", *pack.encryptors) if role in pack.roles), "encryptor")


def demo_kdf(seed: int, person: int) -> KdfParams:
    """Argon2id with a salt for each person, as each photo has one; from the seed, so that the demo repeats itself."""
    return KdfParams(salt=hashlib.sha256(f"riddle demo {seed} {person}".encode()).digest()[:SALT_BYTES])


def choose_people(
    pseudonymiser: Pseudonymiser, count: int, seed: int, stages: Stages, console: Console
) -> list[Person]:
    """Photos where the pack is for photos and they can be had; else a real person and people drawn by the generator."""
    detector, pack = pseudonymiser.detector, pseudonymiser.pack
    if pack.size >= LARGE:
        try:
            with stages("photos"):
                wheel = fetch_photos(progress=not console.quiet and sys.stderr.isatty())
            console.print(f"Photos: {WHEEL}, {wheel.parent} (MIT licence; synthetic people)")
            with stages("faces"):
                return photographed_people(wheel, detector, count)
        except PackError as error:
            console.print(f"No photos: {one_line(error)}. Going on with faces that the generator draws.")
    with stages("faces"):
        return [astronaut(detector), *generated_people(pseudonymiser.coder.generator, detector, count - 1, seed)]


def _write_sheet(
    path: Path, pack: Pack, role: str, seed: int, demo_faces: Sequence[DemoFace], figures: Figures
) -> Path:
    footnote = (
        f"Pack {pack.name}, {role}, {pack.size} px, seed {seed}. Below the images: cosine to the inversion (below "
        f"inversions: to the photo), judge: {figures.judge}; same person above {figures.threshold}, as 1 in 1000 "
        "strangers."
    )
    with atomic_write(path) as temporary:
        draw_sheet(demo_faces, figures, footnote).save(temporary, format="JPEG", **JPEG)
    return path


def _write_photos(path: Path, coder: FaceCoder, persons: Sequence[Person], kdfs: Sequence[KdfParams]) -> Path:
    """The whole photos, as the commands leave them; drawn by the generator that ``coder`` has loaded."""
    pseudonymiser = build_pseudonymiser(coder.pack)
    pseudonymiser.coder.generators = coder.generators
    pseudonymiser.coder.draw_nonce = repeatable_nonces(kdfs[0].salt)
    with atomic_write(path, overwrite=True) as temporary:
        draw_photos(persons, pseudonymiser, kdfs).save(temporary, format="JPEG", **PHOTOS_JPEG)
    return path


def _write_photo(out: Path, pseudonymiser: Pseudonymiser, person: Person, kdf: KdfParams) -> list[Path]:
    """The whole photo encrypted and recovered, as ``riddle encrypt`` and ``riddle decrypt`` do it."""
    picture, record_path, recovered = (
        out / f"astronaut_{end}" for end in ("anonymised.png", "anonymised.riddle", "recovered.png")
    )
    anonymised, record = pseudonymiser.encrypt(person.photo, PASSWORD_1, faces=[person.face], kdf=kdf)
    save_pair(anonymised, picture, record, record_path, overwrite=True)
    save_picture(pseudonymiser.decrypt(record, PASSWORD_1, anonymised), recovered, overwrite=True)
    return [picture, record_path, recovered]


def _new_folder(parent: Path) -> Path:
    """``parent/1``, or the next number that is free."""
    return next(path for n in range(1, 1_000_000) if not (path := parent / str(n)).exists())
