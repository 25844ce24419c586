"""What ``riddle decrypt`` does with one record, with many, and with pictures alone.

Of a deniable record nothing that is printed, written beside the picture or returned depends on the password; the
recovered face does, and shows a right one to those who look for it (docs/security.md).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from riddle_pl.cli.options import plural, say, warn, working
from riddle_pl.errors import ConfigError, FileError, PasswordError, PhotoError, RecordError, one_line
from riddle_pl.faces.load import load_image
from riddle_pl.files import require_writable_dir
from riddle_pl.key import SALT_BYTES, KdfParams
from riddle_pl.photos.image_only import read_back
from riddle_pl.photos.jobs.metadata import SYNTHETIC_NOTE, marked
from riddle_pl.photos.jobs.origin import Mark
from riddle_pl.photos.jobs.outputs import RECORD_SUFFIX, require_result, save_picture
from riddle_pl.photos.jobs.plan import ENCRYPTED, RECOVERED, REKEYED, means_folder
from riddle_pl.photos.jobs.recover import Recovery, check_target, plan_recovery
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.known_leaks import PAGE, UNCHECKED
from riddle_pl.photos.record.linkable import linkable_kdf
from riddle_pl.photos.record.load import load_embedded
from riddle_pl.photos.record.png import holds_record
from riddle_pl.photos.record.record import Record
from riddle_pl.process import track

SKIPPED_STATUS = 1

Pixels = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class Decryption:
    """What holds for all records of a job.

    Args:
        build: makes what decrypts a record; called when the record and its picture are read, once for records that were
            made in one way.
        build_alone: makes what reads a picture that has no record.
        ask: gives the password; called when all else is in order.
        passwords: by face index, of faces with another one.
        only: indices of the faces to recover; all by default.
        note: whether recovered pictures with synthetic faces say so.
        quiet: print warnings only.
        force: replace what earlier runs recovered.
    """

    build: Callable[[Record], Pseudonymiser]
    build_alone: Callable[[], Pseudonymiser]
    ask: Callable[[], str]
    passwords: Mapping[int, str] = field(repr=False)
    only: Collection[int] | None
    note: bool
    quiet: bool
    force: bool = False
    _built: dict[tuple[str, str], Pseudonymiser] = field(default_factory=dict, init=False, repr=False)

    def pseudonymiser(self, record: Record) -> Pseudonymiser:
        """What decrypts this record."""
        made_with = (record.pack_name, record.encryptor_name)
        if made_with not in self._built:
            self._built[made_with] = self.build(record)
        return self._built[made_with]

    def write(self, record: Record, password: str, photo: Pixels | None, target: Path) -> None:
        """Decrypts one record into a new picture."""
        pixels = self.pseudonymiser(record).decrypt(record, password, photo, only=self.only, passwords=self.passwords)
        synthetic = self.note and record.mode == "deniable"
        note = marked(SYNTHETIC_NOTE if synthetic else None, Mark.of(record.to_bytes()))
        save_picture(pixels, target, self.force, note=note)


def decrypt_records(job: Decryption, inputs: Sequence[Path], out: Path | None, image: Path | None, alone: bool) -> int:
    """Decrypts records into pictures; returns the exit status."""
    plan = plan_recovery(inputs, out, image, alone, job.force)
    if len(plan) == 1 and not inputs[0].is_dir():
        return _decrypt_one(job, plan[0])
    there = [item for item in plan if item.target.exists()]
    left = plan if job.force else [item for item in plan if item not in there]
    if there and job.force:
        say(job.quiet, f"replacing {plural(len(there), 'picture')} of earlier runs")
    elif there:
        warn(f"{plural(len(there), 'output')} exist already and stay as they are; --force replaces them")
    skipped, deniable = 0, 0
    password = job.ask() if left else ""
    for item in track(left, len(left), "decrypting", job.quiet):
        try:
            _check_replaceable(item.target)
            record, photo = _load(job, item)
            require_writable_dir(item.target.parent, "output folder", create=True)
            job.write(record, password, photo, item.target)
            deniable += record.mode == "deniable"
        except (RecordError, PhotoError, ConfigError, PasswordError) as error:
            skipped += 1
            warn(f"skipped: {item.source.place}: {one_line(error)}")
    say(job.quiet, f"{plural(len(left) - skipped, 'picture')} recovered, {skipped} skipped")
    if deniable:
        are = "record is" if deniable == 1 else "records are"
        say(job.quiet, f"{deniable} {are} deniable: riddle does not check the password; see {PAGE}")
    return SKIPPED_STATUS if skipped or (there and not job.force) else 0


def _decrypt_one(job: Decryption, item: Recovery) -> int:
    record, photo = _load(job, item)
    require_writable_dir(item.target.parent, "output folder", create=True)
    password = job.ask()
    with working("decrypting", job.quiet):
        job.write(record, password, photo, item.target)
    where = "(the face alone)" if item.picture is None else f"(in {item.picture})"
    say(job.quiet, f"recovered: {item.target} {where}")
    if record.mode == "deniable":
        say(job.quiet, UNCHECKED)
    return 0


def _check_replaceable(target: Path) -> None:
    """Raises :class:`PhotoError` if a file is in the way that riddle did not write: it concerns this picture alone."""
    try:
        require_result(target)
    except FileError as error:
        raise PhotoError(str(error)) from None


def _load(job: Decryption, item: Recovery) -> tuple[Record, Pixels | None]:
    record = item.source.load()
    photo = None if item.picture is None else load_image(item.picture)
    job.pseudonymiser(record).check(record, photo)
    return record, photo


def decrypt_pictures(
    job: Decryption, inputs: Sequence[Path], out: Path | None, image: Path | None, alone: bool, salt: str | None
) -> int:
    """Decrypts one picture without the code in its record; returns the exit status."""
    if len(inputs) != 1 or image is not None:
        raise ConfigError("--image-only takes one picture and no --image")
    picture = inputs[0]
    stem = picture.stem.removesuffix(REKEYED).removesuffix(ENCRYPTED)
    beside = picture.with_name(f"{stem}{RECOVERED}.png")
    target = check_target(beside if out is None else out / beside.name if means_folder(out) else out, job.force)
    photo = load_image(picture)
    like, origin = _like(picture, salt)
    pseudonymiser = job.pseudonymiser(like) if isinstance(like, Record) else job.build_alone()
    with working("inverting the picture", job.quiet):
        salted = like or linkable_kdf(pseudonymiser.pack.fingerprint("generator"))
        found = read_back(photo, pseudonymiser, salted, str(picture))
    say(job.quiet, f"salt: {origin}")
    for index, similarity in enumerate(found.similarity):
        say(
            job.quiet,
            f"face {index}: similarity of the picture and its re-inversion {similarity:.2f} (1: the same face)",
        )
    password = job.ask()
    with working("decrypting", job.quiet):
        job.write(found.record, password, None if alone else photo, target)
    say(job.quiet, f"recovered: {target} (from the picture alone; no closer to the original than these similarities)")
    say(job.quiet, "riddle does not check the password.")
    return 0


def _like(picture: Path, salt: str | None) -> tuple[Record | KdfParams | None, str]:
    """What tells the salt of a picture: the user, its record, or nothing, as for linkable pictures; and in words."""
    if salt is not None:
        try:
            given = bytes.fromhex(salt)
        except ValueError:
            given = b""
        if len(given) != SALT_BYTES:
            raise ConfigError(f"--salt is {salt!r:.60}; expected {2 * SALT_BYTES} hex digits, as riddle inspect shows")
        return KdfParams(salt=given), "as given"
    beside = picture.with_suffix(RECORD_SUFFIX)
    if beside.is_file():
        return Record.load(beside), f"of {beside}, whose codes are not used"
    if holds_record(picture):
        return load_embedded(picture), "of the record in the picture, whose codes are not used"
    return None, "that of --linkable pictures, since there is no record and no --salt"
