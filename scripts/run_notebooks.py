"""Runs every notebook of a folder from top to bottom, as many at a time as there are cores; a failing cell is an error.

python scripts/run_notebooks.py notebooks           runs them, writes nothing
python scripts/run_notebooks.py --save notebooks    also keeps what the cells show, in the notebooks
"""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

CELL_TIMEOUT_S = 600
LARGEST_BYTES = 1_000_000
"""Of a saved notebook: they are kept in the repository."""


def run(path: Path, save: bool) -> None:
    """Executes one notebook in its own folder, in this environment's Python.

    Raises:
        ValueError: it has become too large to save.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
    ).execute()
    if save:
        text = nbformat.writes(_without_traces_of_the_run(notebook)) + "\n"
        if len(text.encode()) > LARGEST_BYTES:
            raise ValueError(f"{path} would have {len(text.encode())} bytes; at most {LARGEST_BYTES}: show less")
        path.write_text(text, encoding="utf-8")


def _without_traces_of_the_run(notebook: Any) -> Any:
    """The same notebook without what differs between machines: Python's version, messages on stderr."""
    notebook.metadata = {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--save", action="store_true", help="keep the outputs in the notebooks")
    args = parser.parse_args()
    if not args.folder.is_dir():
        print(f"notebooks: no folder {args.folder}; nothing to run")
        return 0
    paths = sorted(args.folder.glob("*.ipynb"))
    if not paths:
        print(f"notebooks: none in {args.folder}; nothing to run")
        return 0
    cores = os.cpu_count() or 1
    at_once = min(len(paths), cores)
    os.environ.setdefault("OMP_NUM_THREADS", str(cores // at_once))  # of each kernel
    with ThreadPoolExecutor(at_once) as pool:
        passed = list(pool.map(lambda path: _passes(path, args.save), paths))
    return 0 if all(passed) else 1


def _passes(path: Path, save: bool) -> bool:
    """Runs a notebook and says how it went."""
    start = time.perf_counter()
    try:
        run(path, save)
    except Exception as error:  # any failure of any notebook is reported; the others run on
        print(f"{path}: failed\n{error}", file=sys.stderr, flush=True)
        return False
    print(f"{path}: ok, {time.perf_counter() - start:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    raise SystemExit(main())
