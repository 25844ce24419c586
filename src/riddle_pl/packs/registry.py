"""Packs by name: the embedded ones, packs of public checkpoints, and any folder with a manifest."""

import os
from pathlib import Path

from riddle_pl.errors import PackError, did_you_mean
from riddle_pl.packs.manifest import EMBEDDED, MANIFEST_NAME, read_manifest
from riddle_pl.packs.pack import Pack
from riddle_pl.packs.public import PUBLIC_PACKS
from riddle_pl.packs.store import pack_folder, recorded_hashes


def pack_names() -> tuple[str, ...]:
    """Names that :func:`load_pack` knows."""
    return (*EMBEDDED, *PUBLIC_PACKS)


def load_pack(name_or_path: str | Path, size: int | None = None) -> Pack:
    """Opens a pack; nothing is loaded or downloaded yet.

    Args:
        name_or_path: ``lite``, ``mobile``, ``ffhq256``, ``ffhq1024``, or a folder that holds a ``manifest.json`` (give
            a relative one with a separator, as in ``./lite``, if it has the name of a pack).
        size: side in pixels of the images to draw, for a pack that draws several sizes; its usual one by default.

    Raises:
        PackError: neither a known name nor a folder with a readable manifest, or the pack does not draw this size.
    """
    if isinstance(name_or_path, str):
        if name_or_path in PUBLIC_PACKS:
            folder = pack_folder(name_or_path)
            return Pack(PUBLIC_PACKS[name_or_path], folder, recorded_hashes(folder), public=True, size=size)
        if name_or_path in EMBEDDED:
            return _open(EMBEDDED[name_or_path], size)
    path = Path(name_or_path).expanduser()
    if path.name == MANIFEST_NAME:
        path = path.parent
    is_path = isinstance(name_or_path, Path) or any(sep and sep in name_or_path for sep in (os.sep, os.altsep))
    if is_path or path.is_dir():
        return _open(path, size)
    hint = did_you_mean(str(name_or_path), pack_names())
    raise PackError(
        f"pack {str(name_or_path)!r} is unknown; {hint}choose from {', '.join(pack_names())}, "
        f"or give a folder that holds a {MANIFEST_NAME}"
    )


def _open(folder: Path, size: int | None) -> Pack:
    return Pack(read_manifest(folder / MANIFEST_NAME), folder, size=size)
