"""If this fails, a run over hundreds of photos begins anew after it was stopped, or its table says something else."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from riddle_pl.errors import FileError

SCRIPT = Path(__file__).parents[1] / "scripts" / "photo_figures.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("photo_figures", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def row(photo: str, *faces: dict[str, object]) -> dict[str, object]:
    return {"photo": photo, "seconds": 4.0, "CPU seconds": 6.0, "faces": list(faces)}


def test_a_line_that_was_cut_short_is_measured_again(script: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert script.read_rows(tmp_path) == []
    path.write_text(json.dumps(row("a")) + "\n" + '{"photo": "b", "sec')
    assert [found["photo"] for found in script.read_rows(tmp_path)] == ["a"]
    assert path.read_text().endswith("\n")
    path.write_text('{"cut\n' + json.dumps(row("a")) + "\n")
    with pytest.raises(FileError, match="line 1"):
        script.read_rows(tmp_path)


def test_the_table_counts_faces_and_gives_intervals(script: ModuleType) -> None:
    passed = [{"tile": "x.jpg", "seam": value, "skin": float("nan")} for value in (0.8, 1.0, 1.2)]
    rows = [row("a", *passed), row("b", {"refused": "too_small"}), {"photo": "c", "error": "NoFaceError"}]
    report = script.summary(rows, 0)
    assert (report["photos"], report["faces"], report["photos without a result"]) == (3, 4, {"NoFaceError": 1})
    assert report["refused: too_small"]["mean"] == 0.25
    assert report["seam"]["mean"] == pytest.approx(1.0)
    assert 0.8 <= report["seam"]["low"] < 1.0 < report["seam"]["high"] <= 1.2
    assert report["seconds"]["mean"] == pytest.approx((3 * 4 / 3 + 4) / 4, abs=1e-3)
    assert "skin" not in report
    table = script.table(report)
    assert "| seam | 1.000 [" in table
    assert len({line.count("|") for line in table.splitlines()}) == 1


def test_the_sheet_is_drawn_by_the_seed_from_what_passed(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "tiles").mkdir()
    names = [f"{number}.png" for number in range(45)]
    for number, name in enumerate(names):
        Image.fromarray(np.full((script.TILE, 2 * script.TILE, 3), number, np.uint8)).save(tmp_path / "tiles" / name)
    rows = [row(name, {"tile": name}) for name in names]
    one, again, other = (script.sheet(tmp_path, rows[:: 1 - 2 * k], k // 2) for k in (0, 1, 2))
    assert one.size == (2 * script.TILE * script.COLUMNS, script.TILE * script.SHEET // script.COLUMNS)
    assert np.array_equal(one, again)  # whatever the order of the rows
    assert not np.array_equal(one, other)
