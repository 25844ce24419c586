"""What `riddle encrypt` and `riddle decrypt` share for photos in tar archives: plan, loop, messages."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riddle_pl.archives import archives_in, own_share
from riddle_pl.cli.options import NOT_ALL_STATUS, plural, say, warn
from riddle_pl.errors import ConfigError, DataError, RiddleError, one_line
from riddle_pl.files import require_writable_dir
from riddle_pl.launch import local_rank
from riddle_pl.photos.jobs.outputs import SHORT, sweep


@dataclass(frozen=True)
class ShardPlan:
    """The archives of this process, and the result of each.

    Args:
        left: those to do.
        done: those that an earlier run did.
        status: the exit status that these deserve: whether they left photos out, or covered faces.
    """

    left: Mapping[Path, Path]
    done: Mapping[Path, Path]
    status: int


def refuse_file_options(given: Mapping[str, bool], out: Path | None) -> Path:
    """The folder of the results.

    Args:
        given: options that make sense for photos in files alone, and whether the user gave them.

    Raises:
        ConfigError: one was given, or the folder was not.
    """
    for option in (option for option, is_given in given.items() if is_given):
        raise ConfigError(f"{option} is for photos in files, and these are .tar archives; leave it out")
    if out is None:
        raise ConfigError("-o is missing; give a folder for the archives that are written")
    return out


def plan_shards(
    places: Sequence[Path], out: Path, part: str | None, described: Mapping[str, Any], force: bool, quiet: bool
) -> ShardPlan:
    """Finds this process's archives; makes the folder of the results, and sweeps what a killed run left there.

    Args:
        places: archives, and folders of them.
        part: see :func:`riddle_pl.archives.own_share`.
        described: what is ordered, as plain values.
        force: do again what is there.

    Raises:
        RiddleError: an archive, the part or a result is at fault.
    """
    targets = {archive: out / archive.name for archive in own_share(archives_in(places), part)}
    for archive, target in targets.items():
        if target.exists() and target.samefile(archive):
            raise ConfigError(f"-o {out} is the folder of {archive}; give another")
    require_writable_dir(out, "output folder", create=True)

    from riddle_pl.photos.jobs.shards import is_done, left_out

    done = {a: target for a, target in targets.items() if not force and is_done(a, target, described)}
    left = {a: target for a, target in targets.items() if a not in done}
    sweep(out, {target.name for target in left.values() if len(target.stem) <= SHORT})  # longer ones share a beginning
    if done:
        say(quiet, f"{plural(len(done), 'archive')} of {len(targets)} had their result already")
    if lacking := sum(map(left_out, done.values())):
        warn(f"left out, or with covered faces, in these: {plural(lacking, 'photo')}; left_out.json in them says why")
    return ShardPlan(left, done, NOT_ALL_STATUS if lacking else 0)


def do_shards(
    left: Mapping[Path, Path], work: Callable[[Path, Path], Iterable[tuple[str, str | None]]], quiet: bool
) -> int:
    """Goes through archives and tells what became of each; returns the exit status.

    Args:
        work: processes an archive; yields for each photo its state and a warning, if there is one.

    Raises:
        DataError: some archives are damaged; the others are done.
        RiddleError: another fault, at which the work ends.
    """
    errors, warned = list[str](), False
    for number, (archive, target) in enumerate(left.items()):
        counts: Counter[str] = Counter()
        try:
            for word, warning in work(archive, target):
                counts[word] += 1
                if warning is not None:
                    warned = True
                    warn(warning)
        except DataError as error:  # the others may be whole
            errors.append(one_line(error))
            warn(f"{archive}: FAILED: {errors[-1]}")
            continue
        except RiddleError as error:
            if local_rank() > 0:  # of several processes that fail, only the first says why
                warn(f"{archive}: FAILED: {one_line(error)}")
            raise
        except KeyboardInterrupt:
            done = f"{number} of {plural(len(left), 'archive')} done"
            raise KeyboardInterrupt(f"{done}; run the same command again for the rest") from None
        say(quiet, f"{target}: {', '.join(_counted(counts)) or 'nothing to do'}")
    if errors:
        raise DataError(f"{errors[0]} ({plural(len(errors), 'archive')} of {len(left)} failed)")
    return NOT_ALL_STATUS if warned else 0


def _counted(counts: Mapping[str, int]) -> Iterator[str]:
    return (f"{count:,} {word}" for word, count in sorted(counts.items()))
