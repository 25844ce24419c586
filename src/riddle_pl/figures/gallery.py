"""All figures of one evaluation."""

from collections.abc import Callable
from typing import NamedTuple

from riddle_pl.figures.face_grids import deidentification, encryptions, recovery, wrong_decryptions
from riddle_pl.figures.figure import Figure
from riddle_pl.figures.identities import identities
from riddle_pl.figures.in_the_wild import in_the_wild
from riddle_pl.figures.losses import losses
from riddle_pl.figures.roc import roc
from riddle_pl.figures.score_histograms import score_histograms
from riddle_pl.figures.traces import Traces

NOTHING = "nothing was recorded for it"


class Gallery(NamedTuple):
    """The figures in the order of the report, and those left out, with the reasons."""

    figures: list[Figure]
    missing: dict[str, str]


def draw_gallery(traces: Traces) -> Gallery:
    """Draws what there is.

    Raises:
        FileError: the training log is named and cannot be read.
    """
    figures: list[Figure] = []
    missing: dict[str, str] = {}

    def add(title: str, part: str, *draws: Callable[[], Figure | None]) -> None:
        drawn = [figure for draw in draws if (figure := draw()) is not None]
        figures.extend(drawn)
        if not drawn:
            missing[title] = traces.missing.get(part, NOTHING)

    faces, metrics = traces.faces, traces.metrics
    add("De-identification", "faces", lambda: deidentification(faces))
    add("Recovery with the right and with wrong passwords", "faces", lambda: recovery(faces))
    add("Many passwords, one face", "faces", lambda: encryptions(faces))
    add("Many wrong passwords, one encrypted face", "faces", lambda: wrong_decryptions(faces))
    add("In the wild: whole photos", "photos", lambda: in_the_wild(traces.photos))
    add("Identities of the encrypted faces", "clouds", *(lambda c=cloud: identities(c) for cloud in traces.clouds))
    add(
        "How alike pairs of images are", "similarities", *(lambda s=s: score_histograms(s) for s in traces.similarities)
    )
    add("ROC", "similarities", *(lambda s=s: roc(s) for s in traces.similarities))
    add("Losses over training", "metrics", *([] if metrics is None else [lambda: losses(metrics)]))
    return Gallery(figures, missing)
