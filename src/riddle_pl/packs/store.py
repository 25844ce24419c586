"""The user's folder of fetched and imported files, and the hashes recorded there at import."""

import os
from pathlib import Path

from riddle_pl.errors import PackError
from riddle_pl.files import read_json, require_writable_dir, write_json

LOCK_NAME = "lock.json"


def home() -> Path:
    """``$RIDDLE_HOME``, by default the operating system's cache folder for riddle-pl."""
    if chosen := os.environ.get("RIDDLE_HOME"):
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("riddle-pl"))


def pack_folder(name: str) -> Path:
    """Where the checkpoints of a public pack lie; not created here."""
    return home() / "packs" / name


def download_path(sha256: str, file: str) -> Path:
    """Where a fetched file of a pack that is a folder lies: by its hash, so that copies of the pack share it."""
    return home() / "downloads" / sha256[:16] / file


def recorded_hashes(folder: Path) -> dict[str, str]:
    """sha256 by file name, as recorded at import; empty where nothing was imported.

    Raises:
        PackError: the lock file is damaged.
    """
    path = folder / LOCK_NAME
    try:
        data = read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise PackError(f"{path} is damaged; delete it and import the weights again")
    return data


def record_hash(folder: Path, file: str, sha256: str) -> None:
    """Enters one hash in the lock file of ``folder``.

    Raises:
        FileError: the folder cannot be written to.
        PackError: the lock file is damaged.
    """
    require_writable_dir(folder, "weights folder", create=True)
    hashes = {**recorded_hashes(folder), file: sha256}
    write_json(folder / LOCK_NAME, dict(sorted(hashes.items())), indent=2, inside=folder)
