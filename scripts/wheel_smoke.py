"""Builds the wheel, installs it in a clean environment and uses it from another folder.

    python scripts/wheel_smoke.py [--keep FOLDER]

Needs about 10 GB in the temporary folder (TMPDIR chooses another); pip's cache spares the second download.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery staple"
SAVE_ASTRONAUT = (
    "import skimage; from PIL import Image; Image.fromarray(skimage.data.astronaut()).save('astronaut.png')"
)


def call(command: list[str | Path], cwd: Path) -> None:
    """Runs one command outside the repository, without the repository's Python settings; shows it first."""
    print("$", " ".join(Path(part).name if isinstance(part, Path) else part for part in command), flush=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "RIDDLE")) and k != "VIRTUAL_ENV"}
    subprocess.run([str(part) for part in command], cwd=cwd, env=env, check=True)


def build(folder: Path) -> Path:
    """Builds the wheel from the source archive, so that no stale ``build/`` gets in, and returns its path."""
    call([Path(sys.executable), "-m", "build", "--outdir", str(folder), str(ROOT)], folder)
    (wheel,) = folder.glob("*.whl")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
    return wheel


def smoke(folder: Path) -> None:
    """The whole check in an empty folder."""
    wheel = build(folder)
    print("installing it in a clean environment (several GB, a few minutes) ...", flush=True)
    venv.create(folder / "env", with_pip=True)
    scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    python, riddle = scripts / "python", scripts / "riddle"
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--progress-bar", "off"]
    call([python, *pip, f"{wheel}[dlib]"], elsewhere)
    call([python, "-m", "pip", "check"], elsewhere)
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
    keep = parser.parse_args().keep
    try:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            smoke(keep.resolve())
        else:
            with tempfile.TemporaryDirectory(prefix="riddle-wheel-") as folder:
                smoke(Path(folder))
    except subprocess.CalledProcessError as error:
        print(f"wheel-smoke: failed with status {error.returncode}: {' '.join(error.cmd)}", file=sys.stderr)
        return 1
    print("wheel-smoke: ok")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
