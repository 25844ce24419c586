"""Packs by name: the embedded ones, packs of public checkpoints, and any folder with a manifest."""

from pathlib import Path

from riddle_pl.pack_names import EMBEDDED, MANIFEST_NAME, named_folder
from riddle_pl.packs.manifest import read_manifest
from riddle_pl.packs.pack import Pack
from riddle_pl.packs.public import PUBLIC_PACKS
from riddle_pl.packs.store import pack_folder, recorded_hashes


def load_pack(name_or_path: str | Path, size: int | None = None) -> Pack:
    """Opens a pack; nothing is loaded or downloaded yet.

    Args:
        name_or_path: ``lite``, ``mobile``, ``ffhq256``, ``ffhq1024``, or a folder that holds a ``manifest.json`` (give
            a relative one with a separator, as in ``./lite``, if it has the name of a pack).
        size: side in pixels of the images to draw, for a pack that draws several sizes; its usual one by default.

    Raises:
        PackError: neither a known name nor a folder with a readable manifest, or the pack does not draw this size.
    """
    folder = named_folder(name_or_path)
    if folder is not None:
        return _open(folder, size)
    name = str(name_or_path)
    if name in EMBEDDED:
        return _open(EMBEDDED[name], size)
    folder = pack_folder(name)
    return Pack(PUBLIC_PACKS[name], folder, recorded_hashes(folder), public=True, size=size)


def _open(folder: Path, size: int | None) -> Pack:
    return Pack(read_manifest(folder / MANIFEST_NAME), folder, size=size)
