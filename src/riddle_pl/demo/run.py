"""The demo, from start to finish."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from riddle_pl.demo.cosines import Cosines, cosine_table, cosines_to_inversion
from riddle_pl.demo.journey import PASSWORD_A, Journey, Traveller
from riddle_pl.demo.people import Person, astronaut, generated_people
from riddle_pl.demo.sheet import draw_sheet
from riddle_pl.demo.training import EXPERIMENT, short_training
from riddle_pl.evaluation.dlib_recogniser import EXTRA, LFW_COSINE_THRESHOLD, DlibRecogniser
from riddle_pl.files import atomic_write, require_writable_dir
from riddle_pl.inversion import OptimisedInversion
from riddle_pl.packs import Pack, load_pack
from riddle_pl.password import SALT_BYTES, KdfParams
from riddle_pl.photos.gate import OpenGate
from riddle_pl.photos.outputs import save_pair, save_picture
from riddle_pl.photos.pseudonymise import Pseudonymiser

GENERATED = 4
WIDTH_WITHOUT_TERMINAL = 120


def run_demo(
    out: Path, steps: int, pack: str = "lite", seed: int = 0, quiet: bool = False, people: int = GENERATED
) -> list[Path]:
    """Trains for a moment, then encrypts and recovers faces with the pack's encryptor.

    Args:
        out: folder of the results; pictures of an earlier demo in it are replaced.
        steps: training steps; 0 leaves the training out.
        pack: name or folder.
        seed: of everything that is random; the same seed gives the same picture.
        quiet: print nothing but errors, show no progress.
        people: generated people beside the real photo.

    Returns:
        The files and folders that were written.

    Raises:
        RiddleError: an unwritable folder, an incomplete pack, no face found.
    """
    console = Console(quiet=quiet, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    start = time.monotonic()
    opened = load_pack(pack)
    opened.check("encryptor", *OptimisedInversion.roles)
    out = require_writable_dir(out, "output folder", create=True)
    written: list[Path] = []
    if steps > 0:
        console.print(f"[bold]1. Training[/bold] a fresh encryptor: {steps} steps, experiment={EXPERIMENT}")
        written.append(short_training(_new_folder(out / "training"), steps, pack, seed, quiet))
    console.print("[bold]2. Faces[/bold] through the pack's encryptor: detect, align, invert, encrypt, recover")
    # The demo shows what comes out, and publishes nothing: it needs no gate.
    pseudonymiser = Pseudonymiser(opened, gate=OpenGate(), inversion=OptimisedInversion(opened))
    kdf = demo_kdf(seed)
    persons = choose_people(pseudonymiser, people, seed)
    traveller = Traveller(pseudonymiser.coder, kdf)
    journeys = [traveller(person.name, person.aligned(opened.size)) for person in persons]
    cosines = _measure(journeys, console)
    written.append(_write_sheet(out / "demo.png", opened, journeys, cosines))
    written += _write_photo(out, pseudonymiser, persons[0], kdf)
    console.print("Written:", *(f"  {path}" for path in written), sep="\n")
    console.print(f"{time.monotonic() - start:.0f} s. With your own photo: riddle encrypt PHOTO")
    return written


def demo_kdf(seed: int) -> KdfParams:
    """Argon2id with a salt from the seed, so that the demo repeats itself; records of real photos get random salts."""
    return KdfParams(salt=hashlib.sha256(f"riddle demo {seed}".encode()).digest()[:SALT_BYTES])


def choose_people(pseudonymiser: Pseudonymiser, count: int, seed: int) -> list[Person]:
    """A real person and ``count`` generated ones."""
    detector = pseudonymiser.detector
    return [astronaut(detector), *generated_people(pseudonymiser.coder.generator, detector, count, seed)]


def _measure(journeys: Sequence[Journey], console: Console) -> list[Cosines] | None:
    if not DlibRecogniser.available():
        console.print(f"(no table of cosines: {EXTRA})", markup=False)
        return None
    recogniser = DlibRecogniser()
    cosines = [cosines_to_inversion(journey, recogniser) for journey in journeys]
    console.print(cosine_table(journeys, cosines, LFW_COSINE_THRESHOLD))
    return cosines


def _write_sheet(path: Path, pack: Pack, journeys: Sequence[Journey], cosines: Sequence[Cosines] | None) -> Path:
    footnote = f"pack {pack.name} ({pack.size} px)"
    if cosines is not None:
        footnote += (
            "; below the images: cosine to the inversion by dlib's recogniser, which trained none of this;"
            f" same person above {LFW_COSINE_THRESHOLD}"
        )
    with atomic_write(path) as temporary:
        draw_sheet(journeys, cosines, LFW_COSINE_THRESHOLD, footnote).save(temporary, format="PNG")
    return path


def _write_photo(out: Path, pseudonymiser: Pseudonymiser, person: Person, kdf: KdfParams) -> list[Path]:
    """The whole photo encrypted and recovered, as ``riddle encrypt`` and ``riddle decrypt`` do it."""
    picture, record_path, recovered = (
        out / f"astronaut_{end}" for end in ("anonymised.png", "anonymised.riddle", "recovered.png")
    )
    anonymised, record = pseudonymiser.encrypt(person.photo, PASSWORD_A, faces=[person.face], kdf=kdf)
    save_pair(anonymised, picture, record, record_path, overwrite=True)
    save_picture(pseudonymiser.decrypt(record, PASSWORD_A, anonymised), recovered, overwrite=True)
    return [picture, record_path, recovered]


def _new_folder(parent: Path) -> Path:
    """``parent/1``, or the next number that is free."""
    return next(path for n in range(1, 1_000_000) if not (path := parent / str(n)).exists())
