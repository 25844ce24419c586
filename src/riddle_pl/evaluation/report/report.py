"""The report of an evaluation, an audit or a measurement of photos: its numbers, and all that they depend on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from riddle_pl.errors import FileError, one_line, shown
from riddle_pl.evaluation.report.checks import anything, count, flag, listed, named, number, optional, share, text
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.evaluation.scores import Row
from riddle_pl.figures.traces import Traces
from riddle_pl.files import finite, read_json, require_file, write_json
from riddle_pl.judging.calibration import Calibration
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.judging.metrics import Estimate

FORMAT_VERSION = 3
"""Of ``report.json``. Version 2 called ``used_in_training_loss`` otherwise."""


@dataclass(frozen=True)
class JudgeEntry:
    """A recogniser and its threshold, a detector, or a network whose features measure images.

    Args:
        name: as in the rows.
        note: what a reader must know about it.
        used_in_training_loss: the encryptor was trained with this recogniser, which therefore is no independent judge.
        calibration: of a recogniser.
        calibrated_on: where its threshold comes from.
    """

    name: str
    note: str = ""
    used_in_training_loss: bool = False
    calibration: Calibration | None = None
    calibrated_on: str = ""


@dataclass(frozen=True)
class MethodEntry:
    """Whose images were judged.

    Args:
        label: what tables call it.
        size: side of its images in pixels.
        sha256: of the trained encryptor's file.
        paper: what the paper's tables call it; None where they do not have it.
        experiment: name of the training run that it comes from, if any.
        seed: of that training run.
    """

    label: str
    size: int
    sha256: str | None = None
    paper: str | None = None
    experiment: str | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Report:
    """All numbers and what they depend on.

    Args:
        about: facts by name: pack, encryptor, data, seed, ...; values JSON can hold.
        method: whose images were judged, or which network was audited.
        judges: of the rows.
        rows: the numbers that tables select by their measure.
        measurements: of an audit: numbers of its own, by section and name.
        names: the photos, by key.
        skipped: photos left out, and why; outputs of another method that match no photo are among them.
        left_out: judges that could not run, and why.
        notes: sentences below the tables.
        command: the command line.
        config: its composed config.
        details: what else was found, by name; values JSON can hold.
    """

    about: Mapping[str, Any]
    method: MethodEntry
    judges: Sequence[JudgeEntry] = ()
    rows: Sequence[Row] = ()
    names: Sequence[str] = ()
    measurements: Sequence[Measurement] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    command: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """One line: whose images of how many people."""
        return str(self.about.get("title", self.method.label))

    def judge(self, name: str) -> JudgeEntry:
        """The judge of that name; a bare entry for one that is not listed."""
        return next((judge for judge in self.judges if judge.name == name), JudgeEntry(name))

    def to_json(self) -> dict[str, Any]:
        """As written to ``report.json``; a number that is not finite is null."""
        judges = [asdict(j) | {"calibration": j.calibration and j.calibration._asdict()} for j in self.judges]
        content = {
            "format_version": FORMAT_VERSION,
            "about": dict(self.about),
            "method": asdict(self.method),
            "judges": judges,
            "rows": [flat(row) for row in self.rows],
            "measurements": [asdict(one) for one in self.measurements],
            "notes": list(self.notes),
            "left_out": dict(self.left_out),
            "skipped": dict(self.skipped),
            "faces": list(self.names),
            "command": self.command,
            "config": dict(self.config),
            "details": dict(self.details),
        }
        plain: dict[str, Any] = finite(content)
        return plain

    def write(self, path: Path) -> None:
        """Writes the report as JSON, whole or not at all.

        Raises:
            FileError: the folder cannot be written to.
        """
        write_json(path, self.to_json())


def read_report(path: Path | str) -> Report:
    """A report that :meth:`Report.write` wrote; ``path`` may also be its folder.

    Raises:
        FileError: missing, unreadable, or no report of this version.
    """
    path = Path(path)
    path = require_file(path / "report.json" if path.is_dir() else path, "report")
    try:
        data = read_json(path)
        if data["format_version"] != FORMAT_VERSION:
            raise FileError(
                f"report {path} has format version {shown(data['format_version'])}; expected {FORMAT_VERSION}: "
                "run riddle-eval again"
            )
        about = named(anything, data["about"])
        return Report(
            about=about | {key: text(about[key]) for key in ("title", "pack") if key in about},
            method=_method(data["method"]),
            judges=listed(_judge, data["judges"]),
            rows=listed(_row, data["rows"]),
            names=listed(text, data["faces"]),
            measurements=listed(_measurement, data.get("measurements", [])),
            skipped=named(text, data["skipped"]),
            left_out=named(text, data["left_out"]),
            notes=listed(text, data["notes"]),
            command=text(data["command"]),
            config=named(anything, data["config"]),
            details=named(anything, data.get("details", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileError(
            f"report {path} cannot be read ({type(error).__name__}: {one_line(error)}); "
            "give a report.json of riddle-eval"
        ) from error


def flat(row: Row) -> dict[str, Any]:
    """A row as one level of names and values."""
    values = {key: value for key, value in vars(row).items() if key != "estimate"} | {"metric": row.title}
    return values | {"value": row.estimate.mean, **{k: v for k, v in row.estimate._asdict().items() if k != "mean"}}


def _method(values: Mapping[str, Any]) -> MethodEntry:
    return MethodEntry(
        label=text(values["label"]),
        size=count(values["size"]),
        sha256=optional(text, values["sha256"]),
        paper=optional(text, values["paper"]),
        experiment=optional(text, values["experiment"]),
        seed=optional(count, values["seed"]),
    )


def _better(value: object) -> str:
    if value not in ("lower", "higher", ""):
        raise ValueError(f"better is {shown(value)}; expected lower, higher or nothing")
    return str(value)


def _row(values: Mapping[str, Any]) -> Row:
    low, high = number(values["low"]), number(values["high"])
    return Row(
        judge=text(values["judge"]),
        metric=Measure.read(text(values["metric"])),
        image=text(values["image"]),
        reference=text(values["reference"]),
        statistic=Statistic(text(values["statistic"])),
        better=_better(values["better"]),
        estimate=Estimate(number(values["value"]), low, high, count(values["faces"])),
    )


def _measurement(values: Mapping[str, Any]) -> Measurement:
    return Measurement(
        section=text(values["section"]),
        name=text(values["name"]),
        value=number(values["value"]),
        low=optional(number, values["low"]),
        high=optional(number, values["high"]),
        count=count(values["count"]),
        better=_better(values["better"]),
        digits=count(values["digits"]),
    )


def _judge(values: Mapping[str, Any]) -> JudgeEntry:
    return JudgeEntry(
        name=text(values["name"]),
        note=text(values["note"]),
        used_in_training_loss=flag(values["used_in_training_loss"]),
        calibration=optional(_calibration, values["calibration"]),
        calibrated_on=text(values["calibrated_on"]),
    )


def _calibration(values: Any) -> Calibration:
    return Calibration(
        threshold=number(values["threshold"]),
        far=share(values["far"]),
        tar=number(values["tar"]),
        different=count(values["different"]),
        same=count(values["same"]),
    )


class Evaluation(NamedTuple):
    """The outcome of one evaluation."""

    report: Report
    traces: Traces
    """For its figures."""
