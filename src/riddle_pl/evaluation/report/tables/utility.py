"""Utility of de-identified images: Fréchet distance, face detection, boxes and landmarks."""

from collections.abc import Sequence

from riddle_pl.evaluation.report.paper import paper
from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.table import Line, Number, Table
from riddle_pl.evaluation.report.tables.select import INTERVALS, captions, measure, number, source, words
from riddle_pl.judging.images import X_ENC1
from riddle_pl.judging.measures import Measure

METRICS = (Measure.FACE_DETECTION, Measure.BOX_DISTANCE, Measure.LANDMARK_DISTANCE)
FRECHET = (Measure.FID, Measure.FD)


def utility_table(reports: Sequence[Report]) -> Table:
    """One line per measure and judge; the paper's number beside that of de-identified images."""
    lines = [line for report in reports for line in _lines(report)]
    covered = {report.method.paper for report in reports}
    for method, numbers in paper().utility.items():
        if method not in covered:
            for key, value in numbers.items():
                metric, _, judge = key.rpartition(" ")
                better = "↑" if metric == Measure.FACE_DETECTION else "↓"
                lines.append(Line([f"{method} (paper)", f"{metric} {better}", judge, *[""] * 3], [None, Number(value)]))
    details = dict.fromkeys(
        f"{judge.name}: {judge.note}" for report in reports for judge in report.judges if judge.calibration is None
    )
    return Table(
        "utility",
        "Image utility",
        ["method", "measure", "judge", "image", "reference", "faces"],
        ["measured", paper().column],
        lines,
        [
            *captions(reports),
            *(detail for detail in details if not detail.endswith(": ")),
            INTERVALS + "; none for Fréchet distances, which are no mean over faces",
            "FID is on Inception's features; the same distance on other features is called FD and their name",
            "Boxes and landmarks: mean L1 distance per coordinate, in px at 256 px, over faces found in both images",
            f"Paper: {paper().source}, {paper().setting}, not measured here. It does not say whether its reference is "
            "the inversion; its numbers stand in the first line of each measure",
        ],
    )


def _lines(report: Report) -> list[Line]:
    rows = [row for row in report.rows if row.metric in (*METRICS, *FRECHET)]
    theirs = paper().utility.get(report.method.paper or "", {})
    shown: set[str] = set()
    lines = []
    for row in sorted(rows, key=lambda row: row.metric not in FRECHET):
        key = f"{row.title} {row.judge}"
        value = theirs.get(key) if row.image == X_ENC1 and key not in shown else None
        if value is not None:
            shown.add(key)
        labels = [report.method.label, measure(row), row.judge, words(row.image), words(row.reference)]
        labels.append(str(row.estimate.faces))
        lines.append(Line(labels, [number(row), None if value is None else Number(value)], source(report)))
    return lines
