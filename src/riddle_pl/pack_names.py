"""Names of packs and where they lead; no network is imported, so that a name that leads nowhere is refused at once."""

import os
from pathlib import Path

from riddle_pl.errors import PackError, did_you_mean

MANIFEST_NAME = "manifest.json"
EMBEDDED = {name: Path(__file__).parent / "packs" / name for name in ("lite", "mobile")}
"""Packs that ship inside the wheel, and their folders."""
PUBLIC = ("ffhq256", "ffhq1024", "evaluators")
"""Packs of public checkpoints, which users fetch or import themselves."""


def pack_names() -> tuple[str, ...]:
    """Names that :func:`riddle_pl.packs.load_pack` knows."""
    return (*EMBEDDED, *PUBLIC)


def named_folder(name_or_path: str | Path) -> Path | None:
    """The folder of a pack that is named by it or by its manifest; None for one of :func:`pack_names`.

    Raises:
        PackError: neither a known name nor a folder.
    """
    if isinstance(name_or_path, str) and name_or_path in pack_names():
        return None
    path = Path(name_or_path).expanduser()
    if path.name == MANIFEST_NAME:
        path = path.parent
    is_path = isinstance(name_or_path, Path) or any(sep and sep in name_or_path for sep in (os.sep, os.altsep))
    if is_path or path.is_dir():
        return path
    hint = did_you_mean(str(name_or_path), pack_names())
    raise PackError(
        f"pack {str(name_or_path)!r} is unknown; {hint}choose from {', '.join(pack_names())}, "
        f"or give a folder that holds a {MANIFEST_NAME}"
    )
