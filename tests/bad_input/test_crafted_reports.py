"""If this fails, `riddle tables` ends in a traceback on a stranger's report.json, or lets it steer the terminal."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from typer.testing import CliRunner

from riddle_pl.cli.tables import app
from riddle_pl.errors import ConfigError, FileError
from riddle_pl.evaluation.ablation.jobs import SETTINGS, check
from riddle_pl.evaluation.report.outputs import numbers
from riddle_pl.evaluation.report.report import read_report
from riddle_pl.evaluation.report.tables import FORMATS, all_tables, tables_of_runs
from riddle_pl.figures.notebook import SavedFigure
from tests.bad_input.crafted import POSTSCRIPT, Marks, fake_ghostscript, one_line
from tests.evaluation.reports import report

HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    1e308,
    float("inf"),
    float("nan"),
    "${oc.env:HOME}",
    {"_target_": "os.system"},
    [],
    [[1]],
    {},
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Of all values in a JSON value, but those inside the config, which tables do not read."""
    found = [place]
    if isinstance(value, dict):
        inner = [places(item, (*place, key)) for key, item in value.items() if key != "config"]
    else:
        inner = [places(item, (*place, index)) for index, item in enumerate(value)] if isinstance(value, list) else []
    return [*found, *(one for some in inner for one in some)]


def put(value: Any, place: tuple[Any, ...], item: Any) -> Any:
    value = copy.deepcopy(value)
    if not place:
        return item
    inner = value
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = item
    return value


@pytest.mark.slow
def test_every_value_may_be_another(tmp_path: Path) -> None:
    """Tables are made, or one line says why not."""
    intact = report().to_json()
    refused = made = 0
    for number, place in enumerate(places(intact)):
        hostile = HOSTILE if len(place) < 3 else HOSTILE[number % 3 :: 3]
        for item in hostile:
            (tmp_path / "report.json").write_text(json.dumps(put(intact, place, item)))
            try:
                read = [read_report(tmp_path)]
                made += all(convert(table) for table in all_tables(read) for convert in FORMATS.values())
                numbers(read)
                tables_of_runs(read)
            except (FileError, ConfigError) as error:
                one_line(error)
                refused += 1
    assert refused > 300
    assert made > 30


CONTENTS: dict[str, tuple[bytes, str]] = {
    "deep": (b"[" * 100_000, "lists within lists without end"),
    "digits": (b'{"format_version": ' + b"9" * 5000 + b"}", "cannot be read"),
    "version": (b'{"format_version": "' + b"9" * 10**5 + b'"}', "has format version '9"),
    "binary": (b"\xff\xfe", "cannot be read"),
}


@pytest.mark.parametrize("kind", sorted(CONTENTS))
def test_what_is_no_report_is_one_line(kind: str, tmp_path: Path) -> None:
    content, expected = CONTENTS[kind]
    (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(FileError, match=expected) as error:
        read_report(tmp_path)
    one_line(error.value)


def test_texts_do_not_steer_the_terminal(tmp_path: Path) -> None:
    content = report().to_json()
    content["method"]["label"] = content["notes"][0] = "a\x1b]0;evil\x07b"
    content["rows"][0]["judge"] = "\x1b[2J"
    (tmp_path / "report.json").write_text(json.dumps(content))
    result = CliRunner().invoke(app, [str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert r"a\x1b]0;evil\x07b" in result.output
    assert read_report(tmp_path).notes[0] == r"a\x1b]0;evil\x07b"


@pytest.mark.parametrize("content", ["a: &a [x, x]\nb: &b [*a, *a]\n", "${", "!!python/object/apply:os.system [true]"])
def test_settings_of_an_ablation_are_compared_and_not_parsed(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "riddle_pl.evaluation.ablation.jobs.plan", lambda cfg: pytest.fail("the settings passed for these")
    )
    (tmp_path / SETTINGS).write_text(content)
    common = {"train_root": "a", "eval_root": "b", "train": [], "stages": {}, "evaluate": []}
    cfg = OmegaConf.create({"out": str(tmp_path), **common})
    with pytest.raises(ConfigError, match=r"holds runs with other settings \(settings\.yaml\)"):
        check(cfg)


def test_a_figure_that_starts_a_program_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = Marks(tmp_path)
    fake_ghostscript(marks, monkeypatch)
    (tmp_path / "figure.png").write_bytes(POSTSCRIPT)
    with pytest.raises(FileError, match="cannot be read"):
        SavedFigure(tmp_path / "figure.png")._repr_jpeg_()
    assert marks.nothing_ran
