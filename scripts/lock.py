"""Finds the newest versions within the bounds of pyproject.toml and writes them to constraints.txt.

    python3.11 scripts/lock.py            what `make lock` calls
    python3.11 scripts/lock.py --check    writes nothing, says what would change

Nothing is installed: pip resolves in an empty environment and reports what it would take, for every extra at once. The
oldest Python that the package supports does it, since what runs there mostly runs on the newer ones, and not the other
way round. Versions alone are kept: no address, no file of this machine.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "constraints.txt"
OWN = "riddle-pl"
PAIR = ("torch", "torchvision")
HEADER = """\
# What `make setup` installs, as `make lock` found it with Python {python} on {platform}; not edited by hand.
#
# Constraints, not requirements: a line counts only where the package is needed, so CUDA's (nvidia-*, triton) do no
# harm on macOS, and `pip install -c constraints.txt` works with any extras. What only another platform or Python needs
# has no line and follows the bounds of pyproject.toml, as everything does with `make setup LOCKED=0`.
#
# torch and torchvision belong together: a torchvision asks for exactly one torch. "===" compares text, so that pip
# never takes a CPU-only build ("2.14.1+cpu") from some local folder for the registry's, beside whose torchvision it
# fails ("operator torchvision::nms does not exist"). For a CPU-only pair of both: `make setup LOCKED=0`.
"""


class LockError(Exception):
    """What stops the lock, in one line."""


def oldest_python() -> str:
    """``3.11`` of ``requires-python = ">=3.11"``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["requires-python"]).removeprefix(">=")


def resolve() -> list[dict[str, Any]]:
    """Metadata of each package that pip would install in an empty environment, for all extras.

    The newest pip asks for metadata alone; the one in a new environment may be old and would download everything.

    Raises:
        LockError: pip found no set of versions, or no network.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = f"{ROOT}[{','.join(project['optional-dependencies'])}]"
    with tempfile.TemporaryDirectory(prefix="riddle-lock-") as folder:
        venv.create(folder, with_pip=True)
        pip = [str(Path(folder) / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        report = Path(folder) / "report.json"
        try:
            subprocess.run([*pip, "--upgrade", "pip"], check=True)
            subprocess.run([*pip, "--dry-run", "--report", str(report), wanted], check=True)
        except subprocess.CalledProcessError as error:
            raise LockError(
                "pip found no versions within the bounds of pyproject.toml (the reason is above)"
            ) from error
        return [entry["metadata"] for entry in json.loads(report.read_text(encoding="utf-8"))["install"]]


def pins(packages: list[dict[str, Any]]) -> dict[str, str]:
    """Pin of each package by its normal name, sorted.

    Raises:
        LockError: a version has a local part, which no registry serves.
    """
    found = {}
    for package in packages:
        name, version = re.sub(r"[-_.]+", "-", package["name"]).lower(), package["version"]
        if "+" in version:
            raise LockError(
                f"{name} {version} is a local build, from a folder or an index that only this machine has; unset "
                "PIP_FIND_LINKS and PIP_EXTRA_INDEX_URL (see `pip config list`) and try again"
            )
        if name != OWN:
            found[name] = f"{name}{'===' if name in PAIR else '=='}{version}"
    return dict(sorted(found.items()))


def locked() -> dict[str, str]:
    """The pins of constraints.txt by name; none where there is no such file."""
    lines = LOCK.read_text(encoding="utf-8").splitlines() if LOCK.is_file() else []
    return {line.split("=")[0]: line for line in lines if line and not line.startswith("#")}


def changes(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """One line for each package that comes, goes or changes."""
    names = sorted(old.keys() | new.keys())
    return [f"{old.get(n, 'nothing')} -> {new.get(n, 'nothing')}" for n in names if old.get(n) != new.get(n)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, say what would change")
    check = parser.parse_args().check
    try:
        python = "{}.{}".format(*sys.version_info)
        if not check and python != oldest_python():
            raise LockError(
                f"this is Python {python}, and the lock is made with {oldest_python()}, the oldest that the package "
                f"supports; name one: make lock PYTHON=/path/to/python{oldest_python()}"
            )
        new = pins(resolve())
    except LockError as error:
        print(f"lock: error: {error}", file=sys.stderr)
        return 1
    found = changes(locked(), new)
    print("\n".join([*found, f"lock: {len(new)} packages, {len(found)} differ from {LOCK.name}"]))
    if not check:
        platform = {"linux": "Linux", "darwin": "macOS"}.get(sys.platform, sys.platform)
        LOCK.write_text(
            HEADER.format(python=python, platform=platform) + "".join(f"{pin}\n" for pin in new.values()),
            encoding="utf-8",
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
