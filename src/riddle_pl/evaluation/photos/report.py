"""What a measurement of photos found, as a report and its tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from riddle_pl.evaluation.photos.rates import count_reasons
from riddle_pl.evaluation.photos.trial import Trial
from riddle_pl.evaluation.report.report import JudgeEntry, MethodEntry, Report
from riddle_pl.evaluation.report.tables import Line, Table
from riddle_pl.evaluation.report.tables.select import measure, number, source, words
from riddle_pl.evaluation.scores import Row
from riddle_pl.judging.measures import Statistic

NOTES = (
    "passed: the quality gate lets the face pass. It refuses faces that the judge still takes for the person in the "
    "photo, so that de-identification against the photo, over faces that pass, is 0 by construction where gate and "
    "judge are the same recogniser at the same threshold; the column of all faces tells how often the gate was needed.",
    "These rates speak of pictures. What records give away without the password: riddle-attack.",
    "recovery against the photo is to be read beside the inversion's own row: what comes back is the inversion.",
    "An interval without width means that all faces agreed; 0 of n faces leaves rates up to about 3/n possible.",
)


def report_of(
    about: Mapping[str, Any], method: MethodEntry, judge: JudgeEntry, trials: Sequence[Trial], rows: Sequence[Row]
) -> Report:
    """The report; what became of each photo is in its details.

    Args:
        about: what the numbers depend on, by name; values that JSON can hold.
        method: the encryptor.
        judge: of the rows.
        trials: one per photo.
        rows: rates over their faces.
    """
    photos = [
        {
            "name": trial.photo,
            "people": trial.people,
            "found": trial.found,
            "refused": [None if reason is None else str(reason) for reason in trial.refused],
        }
        for trial in trials
    ]
    return Report(
        about={"title": "End to end on photos", **about},
        method=method,
        judges=[judge],
        rows=rows,
        names=[trial.photo for trial in trials if not trial.error],
        skipped={trial.photo: trial.error for trial in trials if trial.error},
        notes=NOTES,
        details={"counts": counts(trials), "photos": photos},
    )


def counts(trials: Sequence[Trial]) -> dict[str, int]:
    """Of photos and faces."""
    read = [trial for trial in trials if not trial.error]
    found = sum(trial.found for trial in read)
    of = {"photos": len(trials), "photos not read": len(trials) - len(read)}
    of["photos without a face found"] = sum(not trial.found for trial in read)
    if read and all(trial.people is not None for trial in read):
        of["people in them"] = sum(trial.people or 0 for trial in read)
    refused = count_reasons(trials)
    of |= {"faces found": found, "faces passed": found - sum(refused.values())}
    return of | {f"faces refused: {reason.replace('_', ' ')}": count for reason, count in refused.items()}


def tables(report: Report) -> list[Table]:
    """Photos and faces counted, and the rates over faces that passed and over all."""
    found: dict[tuple[str, str, str], dict[Statistic, Row]] = {}
    for row in report.rows:
        found.setdefault((measure(row), words(row.image), words(row.reference)), {})[row.statistic] = row
    rates = []
    for place, by_statistic in found.items():
        passed, every = by_statistic[Statistic.PASSED_RATE], by_statistic[Statistic.RATE]
        faces = f"{passed.estimate.faces} of {every.estimate.faces}"
        rates.append(Line([*place, faces], [number(passed), number(every)], source(report)))
    labels = ["same person", "image", "reference", "faces passed"]
    return [
        Table(
            "counts",
            "Photos and faces",
            ["", "count"],
            [],
            [Line([name, str(count)], []) for name, count in report.details["counts"].items()],
        ),
        Table("rates", "Rates", labels, ["faces passed", "all faces"], rates),
    ]
