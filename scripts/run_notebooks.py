"""Runs every notebook of a folder from top to bottom; a cell that fails is an error.

    python scripts/run_notebooks.py notebooks

Nothing is written back: notebooks are committed without output.
"""

import argparse
import sys
import time
from pathlib import Path

CELL_TIMEOUT_S = 600


def run(path: Path) -> None:
    """Executes one notebook in its own folder, in this environment's Python."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=CELL_TIMEOUT_S, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    if not folder.is_dir():
        print(f"notebooks: no folder {folder}; nothing to run")
        return 0
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        print(f"notebooks: none in {folder}; nothing to run")
    failed = []
    for path in paths:
        start = time.perf_counter()
        print(f"{path} ...", flush=True)
        try:
            run(path)
        except Exception as error:  # any failure of any notebook is reported, then the next one runs
            failed.append(path)
            print(f"{path}: failed\n{error}", file=sys.stderr)
        else:
            print(f"{path}: ok, {time.perf_counter() - start:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
