"""The work of ``riddle decrypt``: one record, many records, or pictures alone.

Of a deniable record nothing that is printed, written beside the picture or returned depends on the password; the
recovered face does, and shows a right one to those who look for it (docs/security.md).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from riddle_pl.cli.options import plural, say, warn, working
from riddle_pl.device import resolve_device
from riddle_pl.errors import ConfigError, FileError, PasswordError, PhotoError, RecordError, RiddleError, one_line
from riddle_pl.faces.load import load_image
from riddle_pl.files import require_writable_dir
from riddle_pl.packs import pack_of_record
from riddle_pl.photos.build import pseudonymiser_for
from riddle_pl.photos.jobs.compression import Compression
from riddle_pl.photos.jobs.metadata import SYNTHETIC_NOTE, marked
from riddle_pl.photos.jobs.origin import Mark
from riddle_pl.photos.jobs.outputs import require_result, save_picture
from riddle_pl.photos.jobs.recover import Recovery
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.known_leaks import PAGE, UNCHECKED
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
        only: indices of the faces to recover; all by default.
        password: of all faces but those in ``passwords``.
        passwords: by face index.
        note: whether recovered pictures with synthetic faces say so.
        quality: of JPEG and WebP pictures.
        quiet: print warnings only.
        force: replace what earlier runs recovered.
    """

    build: Callable[[Record], Pseudonymiser]
    only: Collection[int] | None = None
    password: str = field(default="", repr=False)
    passwords: Mapping[int, str] = field(default_factory=dict, repr=False)
    note: bool = True
    quality: int | None = None
    quiet: bool = False
    force: bool = False
    _built: dict[tuple[str, str], Pseudonymiser] = field(default_factory=dict, repr=False)

    @classmethod
    def make(
        cls,
        pack: str | None,
        pack_size: int | None,
        settings: Sequence[str],
        device: str,
        only: Collection[int] | None,
    ) -> "Decryption":
        """With the networks that the options name; those of a record by default.

        Raises:
            DeviceError: the device is not there.
        """
        where = resolve_device(device)
        return cls(
            lambda record: pseudonymiser_for(
                record, pack_of_record(record.pack_name, pack, pack_size), settings, where
            ),
            only,
        )

    def prepare(self, plan: Sequence[Recovery]) -> None:
        """Loads the networks of the first record, if that goes well; what is wrong with it is told later."""
        with suppress(RiddleError):
            record = plan[0].source.load() if plan else None
            if record is not None and record.mode == "deniable":
                self.pseudonymiser(record).coder_for(record).prepare(inversion=False)

    def pseudonymiser(self, record: Record) -> Pseudonymiser:
        """What decrypts this record."""
        made_with = (record.pack_name, record.encryptor_name)
        if made_with not in self._built:
            self._built[made_with] = self.build(record)
        return self._built[made_with]

    def pixels(self, record: Record, photo: Pixels | None) -> Pixels:
        """The recovered faces of a record in their picture, or alone."""
        return self.pseudonymiser(record).decrypt(
            record, self.password, photo, only=self.only, passwords=self.passwords, force=self.force
        )

    def note_of(self, record: Record) -> bytes:
        """What the recovered picture says of itself, as XMP."""
        synthetic = self.note and record.mode == "deniable"
        return marked(SYNTHETIC_NOTE if synthetic else None, Mark.of(record.to_bytes()))

    def write(self, record: Record, photo: Pixels | None, target: Path) -> None:
        """Decrypts one record into a new picture."""
        pixels = self.pixels(record, photo)
        require_writable_dir(target.parent, "output folder", create=True)
        note = self.note_of(record)
        save_picture(pixels, target, self.force, note=note, compression=Compression(self.quality))


def decrypt_records(job: Decryption, plan: Sequence[Recovery], single: bool) -> int:
    """Decrypts records into pictures; returns the exit status.

    Args:
        single: whether it is one record, whose fault is the job's.
    """
    if single:
        return _decrypt_one(job, plan[0])
    there = [item for item in plan if item.target.exists()]
    left = list(plan) if job.force else [item for item in plan if item not in there]
    if there and job.force:
        say(job.quiet, f"replacing {plural(len(there), 'picture')} of earlier runs")
    elif there:
        exist = "exists already and stays as it is" if len(there) == 1 else "exist already and stay as they are"
        warn(f"{plural(len(there), 'output')} {exist}; --force replaces {'it' if len(there) == 1 else 'them'}")
    skipped, deniable = 0, 0
    try:
        for item in track(left, len(left), "decrypting", job.quiet, lambda item: item.source.place.name):
            try:
                _check_replaceable(item.target)
                record, photo = _load(job, item)
                job.write(record, photo, item.target)
                deniable += record.mode == "deniable"
            except (RecordError, PhotoError, ConfigError, PasswordError) as error:
                skipped += 1
                warn(f"skipped: {item.source.place}: {one_line(error)}")
    except KeyboardInterrupt:
        done = sum(item.target.is_file() for item in plan)
        raise KeyboardInterrupt(
            f"{done} of {plural(len(plan), 'picture')} recovered; run the same command again for the rest"
        ) from None
    say(job.quiet, f"{plural(len(left) - skipped, 'picture')} recovered, {skipped} skipped")
    if deniable:
        are = "record is" if deniable == 1 else "records are"
        say(job.quiet, f"{deniable} {are} deniable: riddle does not check the password; see {PAGE}")
    return SKIPPED_STATUS if skipped or (there and not job.force) else 0


def _decrypt_one(job: Decryption, item: Recovery) -> int:
    record, photo = _load(job, item)
    with working("decrypting", job.quiet):
        job.write(record, photo, item.target)
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
    job.pseudonymiser(record).check(record)
    return record, photo
