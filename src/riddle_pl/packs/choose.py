"""The default pack of a command."""

from collections.abc import Callable

from riddle_pl.pack_names import pack_names
from riddle_pl.packs.pack import Pack
from riddle_pl.packs.registry import load_pack

PHOTOGRAPHIC, SMALL = "mobile", "lite"


def choose_pack(
    name: str | None = None, size: int | None = None, say: Callable[[str], object] = lambda line: None
) -> Pack:
    """The requested pack; by default the photographic one, or the small one if it is incomplete, with a notice.

    Args:
        name: name or folder; None: the default.
        size: of the images that it draws; None: the pack's.
        say: receives the notice.

    Raises:
        PackError: there is no such pack, or it does not draw this size.
    """
    if name is not None:
        return load_pack(name, size)
    photographic = load_pack(PHOTOGRAPHIC)
    if not photographic.missing:
        return load_pack(PHOTOGRAPHIC, size)
    say(
        f"Pack {PHOTOGRAPHIC}, which draws photographic faces, lacks {' and '.join(photographic.missing)}; to fetch: "
        f"riddle weights fetch --pack {PHOTOGRAPHIC}. Going on with pack {SMALL}."
    )
    return load_pack(SMALL, size)


def pack_of_record(recorded: str, name: str | None = None, size: int | None = None) -> Pack:
    """The requested pack; by default the one that a record names.

    A name in a record is never used as a path, since records are untrusted.

    Args:
        recorded: the name in the record.
        name, size: see :func:`choose_pack`.

    Raises:
        PackError: there is no such pack, or it does not draw this size.
    """
    if name is None and recorded in pack_names():
        return load_pack(recorded, size)
    return choose_pack(name, size)
