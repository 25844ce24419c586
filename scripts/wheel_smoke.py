"""Builds the wheel, installs it in an environment of its own and uses it from another folder.

    python scripts/wheel_smoke.py [--clean] [--keep FOLDER]

The wheel is installed, and the environment that runs this lends its dependencies: its packages come last on the path.
So it shows within a minute that the wheel has every file that it needs and asks for versions that are to be had. What
it cannot show is that the wheel asks for all that it imports (tests/test_packaging.py reads that off the source).
``--clean`` installs the dependencies too: about 7 GB in the temporary folder (TMPDIR chooses another), some minutes.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery staple"
SAY_WHERE = "import riddle_pl; print(riddle_pl.__file__)"
SAVE_ASTRONAUT = (
    "import skimage; from PIL import Image; Image.fromarray(skimage.data.astronaut()).save('astronaut.png')"
)


def plain() -> dict[str, str]:
    """The environment variables without those of this repository and of its Python."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "RIDDLE")) and k != "VIRTUAL_ENV"}


def call(command: list[str | Path], cwd: Path) -> None:
    """Runs one command outside the repository, without the repository's Python settings; shows it first."""
    print("$", " ".join(Path(part).name if isinstance(part, Path) else part for part in command), flush=True)
    subprocess.run([str(part) for part in command], cwd=cwd, env=plain(), check=True)


def build(folder: Path) -> Path:
    """Builds the wheel from the source archive, so that no stale ``build/`` gets in, and returns its path."""
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    print("$ python -m build", flush=True)
    done = subprocess.run(command, cwd=folder, env=plain(), capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)  # two thousand lines, of use for this alone
        done.check_returncode()
    (wheel,) = folder.glob("*.whl")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
    return wheel


def lend_dependencies(python: Path, cwd: Path) -> None:
    """Puts this environment's packages behind those of ``python``; its editable riddle-pl stays out.

    A line of a ``.pth`` file adds a folder to the path, and the ``.pth`` files in that folder are not read. The old
    setuptools that comes with Python 3.11 would hide ours.
    """
    call([python, "-m", "pip", "--disable-pip-version-check", "uninstall", "--quiet", "--yes", "setuptools"], cwd)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([python, "-c", ask], cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()
    lent = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (Path(own) / "lent.pth").write_text("".join(f"{path}\n" for path in lent), encoding="utf-8")


def install(wheel: Path, python: Path, clean: bool, cwd: Path) -> None:
    """Installs the wheel, with its dependencies or with ours.

    Raises:
        SystemExit: Python imports another riddle-pl than the wheel's.
    """
    pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--progress-bar", "off"]
    if clean:
        print("installing it in a clean environment (7 GB, a few minutes) ...", flush=True)
        call([python, *pip, f"{wheel}[dlib]"], cwd)
    else:
        lend_dependencies(python, cwd)
        extra = "[dlib]" if find_spec("_dlib_pybind11") else ""
        call([python, *pip, "--no-index", f"{wheel}{extra}"], cwd)
    call([python, "-m", "pip", "check"], cwd)
    found = subprocess.run([python, "-c", SAY_WHERE], cwd=cwd, check=True, capture_output=True, text=True, env=plain())
    if not Path(found.stdout.strip()).is_relative_to(python.parent.parent):
        raise SystemExit(f"wheel-smoke: riddle_pl is imported from {found.stdout.strip()}, not from the wheel")


def smoke(folder: Path, clean: bool) -> None:
    """The whole check in an empty folder."""
    wheel = build(folder)
    venv.create(folder / "env", with_pip=True)
    scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    python, riddle = scripts / "python", scripts / "riddle"
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    install(wheel, python, clean, elsewhere)
    call([riddle, "--help"], elsewhere)
    call([riddle, "doctor"], elsewhere)
    call([python, "-c", SAVE_ASTRONAUT], elsewhere)
    (elsewhere / "password.txt").write_text(PASSWORD + "\n", encoding="utf-8")
    call([riddle, "encrypt", "astronaut.png", "--password-file", "password.txt"], elsewhere)
    records = sorted(elsewhere.rglob("*.riddle"))
    if not records:
        raise SystemExit("wheel-smoke: riddle encrypt wrote no .riddle record")
    call([riddle, "decrypt", str(records[0]), "--password-file", "password.txt"], elsewhere)
    for app in ("riddle-train", "riddle-eval", "riddle-pretrain"):
        call([scripts / app, "--help"], elsewhere)
    print("wheel-smoke: wrote", ", ".join(sorted(str(p.relative_to(elsewhere)) for p in elsewhere.rglob("*.*"))))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="an empty folder to work in, kept afterwards")
    parser.add_argument("--clean", action="store_true", help="install every dependency again, about 7 GB")
    args = parser.parse_args()
    try:
        if args.keep is not None:
            args.keep.mkdir(parents=True, exist_ok=True)
            smoke(args.keep.resolve(), args.clean)
        else:
            with tempfile.TemporaryDirectory(prefix="riddle-wheel-") as folder:
                smoke(Path(folder), args.clean)
    except subprocess.CalledProcessError as error:
        print(f"wheel-smoke: failed with status {error.returncode}: {' '.join(error.cmd)}", file=sys.stderr)
        return 1
    print("wheel-smoke: ok")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
