"""Decrypts records into pictures, one after the other.

Of a deniable record nothing that is written beside the picture or returned depends on the password; the recovered face
does, and shows a right one to those who look for it (docs/security.md).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from riddle_pl.errors import ConfigError, FileError, PasswordError, PhotoError, RecordError, RiddleError
from riddle_pl.faces.load import load_image
from riddle_pl.files import require_writable_dir
from riddle_pl.photos.jobs.compression import Compression
from riddle_pl.photos.jobs.metadata import SYNTHETIC_NOTE, marked
from riddle_pl.photos.jobs.origin import Mark
from riddle_pl.photos.jobs.outputs import require_result, save_picture
from riddle_pl.photos.jobs.recover import Recovery
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.record import Record

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
        force: replace what earlier runs recovered.
    """

    build: Callable[[Record], Pseudonymiser]
    only: Collection[int] | None = None
    password: str = field(default="", repr=False)
    passwords: Mapping[int, str] = field(default_factory=dict, repr=False)
    note: bool = True
    quality: int | None = None
    force: bool = False
    _built: dict[tuple[str, str], Pseudonymiser] = field(default_factory=dict, repr=False)

    def prepare(self, plan: Sequence[Recovery]) -> None:
        """Loads the networks of the first record, if that goes well; what is wrong with it is told later."""
        with suppress(RiddleError):
            record = plan[0].source.load() if plan else None
            if record is not None and record.mode == "deniable":
                pseudonymiser = self.pseudonymiser(record)
                pseudonymiser.brush.prepare()
                pseudonymiser.coder_for(record).prepare(inversion=False)

    def pseudonymiser(self, record: Record) -> Pseudonymiser:
        """What decrypts this record."""
        made_with = (record.pack_name, record.encryptor_name)
        if made_with not in self._built:
            self._built[made_with] = self.build(record)
        return self._built[made_with]

    def pixels(self, record: Record, photo: Pixels | None) -> Pixels:
        """The recovered faces of a record in their picture, or alone.

        Raises:
            RiddleError: the record, its picture, its pack or the password is at fault.
        """
        return self.pseudonymiser(record).decrypt(
            record, self.password, photo, only=self.only, passwords=self.passwords, force=self.force
        )

    def note_of(self, record: Record) -> bytes:
        """What the recovered picture says of itself, as XMP."""
        synthetic = self.note and record.mode == "deniable"
        return marked(SYNTHETIC_NOTE if synthetic else None, Mark.of(record.to_bytes()))

    def recover(self, item: Recovery) -> Record:
        """Decrypts one record into a new picture; gives the record.

        Raises:
            RiddleError: see :meth:`pixels`; or nothing can be written.
        """
        record = item.source.load()
        pixels = self.pixels(record, None if item.picture is None else load_image(item.picture))
        require_writable_dir(item.target.parent, "output folder", create=True)
        compression = Compression(self.quality)
        save_picture(pixels, item.target, self.force, note=self.note_of(record), compression=compression)
        return record


class Recovered(NamedTuple):
    """What became of one record: itself, or why it was skipped."""

    item: Recovery
    record: Record | None
    error: RiddleError | None = None


def recover_all(job: Decryption, plan: Sequence[Recovery]) -> Iterator[Recovered]:
    """Decrypts records one after the other; one that is at fault is skipped.

    Raises:
        RiddleError: what concerns all of them: an output folder, the pack or the device.
    """
    for item in plan:
        try:
            try:
                require_result(item.target)
            except FileError as error:  # a file that riddle did not write is in the way of this picture alone
                raise PhotoError(str(error)) from None
            yield Recovered(item, job.recover(item))
        except (RecordError, PhotoError, ConfigError, PasswordError) as error:
            yield Recovered(item, None, error)
