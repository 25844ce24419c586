"""Tar archives as units of work for several processes."""

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from riddle_pl.errors import ConfigError, DataError
from riddle_pl.files import atomic_write
from riddle_pl.launch import rank, world_size

SUFFIX = ".tar"


def archives_in(places: Iterable[Path]) -> list[Path]:
    """The archives among these files and folders, in the order of their names, each once.

    Raises:
        DataError: something is not there, is no archive, or two have one name.
    """
    found: list[Path] = []
    for place in places:
        # Hidden files may be incomplete.
        here = [path for path in place.glob(f"*{SUFFIX}") if path.name[0] != "."] if place.is_dir() else [place]
        if not here or not all(path.is_file() and path.suffix == SUFFIX for path in here):
            raise DataError(f"{place} is no .tar archive and no folder of them; give archives alone")
        found += here
    by_name = {path.name: path for path in found}
    if twice := [path for path in found if not by_name[path.name].samefile(path)]:
        raise DataError(f"two archives are called {twice[0].name}, {twice[0]} and {by_name[twice[0].name]}; rename one")
    return [by_name[name] for name in sorted(by_name)]


def own_share(archives: Sequence[Path], part: str | None) -> list[Path]:
    """The archives of this process.

    Args:
        part: ``I/N``: those of part I of N, from 0; None: as torchrun or srun say, and all where there is one process.

    Raises:
        ConfigError: there is no such part.
    """
    number, parts = rank(), world_size()
    if part is not None:
        number, parts = parse_part(part)
    return list(archives[number::parts])


def parse_part(text: str) -> tuple[int, int]:
    """I and N of ``I/N``.

    Raises:
        ConfigError: it has another form, or I is not below N.
    """
    number, slash, parts = text.partition("/")
    if not (len(text) < 40 and slash and number.isdecimal() and parts.isdecimal() and int(number) < int(parts)):
        raise ConfigError(f"part is {text!r:.80}; expected I/N with I from 0 to N - 1, such as 0/64")
    return int(number), int(parts)


@contextmanager
def new_archive(path: Path) -> Iterator[Callable[[str, bytes], None]]:
    """Yields a function that adds a file by its name and contents. The files carry no times and no owners.

    Raises:
        FileError: it cannot be written.
    """
    with atomic_write(path) as temporary, tarfile.open(temporary, "w") as tar:

        def add(name: str, content: bytes) -> None:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))

        yield add
