"""Which code made a result: version and commit of this package."""

import json
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from riddle_pl import __version__

_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def made_by() -> str:
    """``riddle-pl 0.1.0, commit <hash>``; without the commit where neither git nor pip has noted it.

    What a working tree has beside its commit is not told.
    """
    found = commit()
    return f"riddle-pl {__version__}" + (f", commit {found}" if found else "")


def commit() -> str | None:
    """Of the git working tree that the package lies in, or of the one that pip installed it from."""
    return _of_git(Path(__file__).resolve().parents[2]) or _of_pip()


def _of_git(folder: Path) -> str | None:
    """Read from git's own files: the package starts no programs."""
    try:
        git = folder / ".git"
        if git.is_file():  # a linked working tree
            git = (folder / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve()
        common = git / "commondir"
        shared = (git / common.read_text(encoding="utf-8").strip()).resolve() if common.is_file() else git
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref:"):
            return _checked(head)
        name = head.removeprefix("ref:").strip()
        if (shared / name).is_file():
            return _checked((shared / name).read_text(encoding="utf-8").strip())
        packed = (shared / "packed-refs").read_text(encoding="utf-8").splitlines()
        return next((_checked(line.split()[0]) for line in packed if line.endswith(f" {name}")), None)
    except (OSError, UnicodeDecodeError):
        return None


def _of_pip() -> str | None:
    try:
        noted = json.loads(distribution("riddle-pl").read_text("direct_url.json") or "{}")
        return _checked(str(noted["vcs_info"]["commit_id"]))
    except (PackageNotFoundError, ValueError, KeyError, TypeError):
        return None


def _checked(text: str) -> str | None:
    return text if _COMMIT.fullmatch(text) else None
