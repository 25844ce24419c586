"""If this fails, a notebook is damaged, out of date with the package, too large, or shows a private path."""

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SCRIPT = ROOT / "scripts" / "run_notebooks.py"


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    found = nbformat.read(request.param, as_version=4)
    nbformat.validate(found)
    return found


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_notebooks_are_there():
    assert [path.stem for path in NOTEBOOKS] == ["01_inspect_encryptor", "02_results", "03_your_own_faces"]


def test_what_it_imports_from_the_package_exists(notebook):
    nodes = [node for cell in code(notebook) for node in ast.walk(ast.parse(cell.source))]
    ours = [n for n in nodes if isinstance(n, ast.ImportFrom) and n.module and n.module.startswith("riddle_pl")]
    assert ours
    for node in ours:
        module = importlib.import_module(node.module)
        assert all(hasattr(module, alias.name) for alias in node.names), ast.unparse(node)


def test_was_run_from_top_to_bottom_without_an_error(notebook):
    cells = code(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/jpeg" in output.get("data", {}) for output in outputs)
    assert {output.output_type for output in outputs} <= {"stream", "display_data", "execute_result"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_small_and_names_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) < 1_000_000
    texts = re.sub(r'"image/(?:jpeg|png)": "[^"]*"', "", text)
    assert not re.search(r"/(?:root|tmp|work|Users)/|/home/(?!me/)", texts)


def run(folder, *options):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, SCRIPT, *options, folder], capture_output=True, text=True, env=environment, check=False
    )


def write(path, source):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(book, path)


def test_the_script_keeps_outputs_only_when_asked_and_fails_with_a_failing_cell(tmp_path):
    write(tmp_path / "a.ipynb", "import sys\nprint(6 * 7)\nprint('noise', file=sys.stderr)")
    before = (tmp_path / "a.ipynb").read_text()
    assert run(tmp_path).returncode == 0
    assert (tmp_path / "a.ipynb").read_text() == before
    write(tmp_path / "b.ipynb", "raise ValueError('broken')")
    result = run(tmp_path, "--save")
    assert result.returncode == 1
    assert "broken" in result.stderr
    (cell,) = nbformat.read(tmp_path / "a.ipynb", as_version=4).cells
    assert [output.text for output in cell.outputs] == ["42\n"]
