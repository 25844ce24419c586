"""``riddle decrypt`` on the tar archives that ``riddle encrypt`` wrote, shared by any number of processes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riddle_pl.cli.options import say
from riddle_pl.cli.shards import do_shards
from riddle_pl.errors import ConfigError, PasswordError, PhotoError, RecordError, one_line
from riddle_pl.photos.jobs.compression import Compression
from riddle_pl.photos.jobs.outputs import picture_bytes

if TYPE_CHECKING:
    from riddle_pl.photos.jobs.decrypt import Decryption


def recover_shards(
    job: "Decryption", left: Mapping[Path, Path], alone: bool, described: Mapping[str, Any], quiet: bool
) -> int:
    """Recovers the faces of archives into archives of PNG pictures; returns the exit status.

    Args:
        left: archives and their results.
        alone: recover faces without their pictures.
        described: all that decides what a picture becomes, but for the passwords, as plain values.

    Raises:
        RiddleError: an archive or an output is at fault.
    """
    from riddle_pl.photos.jobs.shards import EncryptedShard, new_shard
    from riddle_pl.photos.record.known_leaks import PAGE

    def recover(archive: Path, target: Path) -> Iterator[tuple[str, str | None]]:
        shard = EncryptedShard(archive)
        with new_shard(archive, target, described) as (add, left_out):
            for name in shard.names:
                try:
                    record = shard.record(name)
                    beside = None if alone else shard.picture(name)
                    pixels = job.pixels(record, beside)
                except (RecordError, PhotoError, ConfigError, PasswordError) as error:
                    left_out[name] = one_line(error)
                    yield "left out", f"left out: {archive}/{name}: {one_line(error)}"
                    continue
                picture = Path(name).with_suffix(".png")
                add(picture.as_posix(), picture_bytes(pixels, picture, job.note_of(record), Compression(job.quality)))
                lacks = f"{archive}/{name} has no picture beside it: its faces are recovered alone"
                yield "recovered", lacks if beside is None and not alone else None

    status = do_shards(left, recover, quiet)
    say(quiet, f"riddle does not check the password of a deniable record; see {PAGE}")
    return status
