"""Above which cosine two images count as one person's: each recogniser's threshold, on LFW's pairs."""

from riddle_pl.auditing.audit import Bench, Findings
from riddle_pl.evaluation.calibration import Calibration, calibrate
from riddle_pl.evaluation.lfw import LFW
from riddle_pl.evaluation.pairs import lfw_pairs


def calibrated(bench: Bench, people: LFW, far: float, findings: Findings) -> dict[str, Calibration]:
    """The threshold of each of the bench's recognisers, by name; the report says what it is.

    Args:
        bench: has the recognisers.
        people: their pairs.
        far: false-accept rate.
        findings: receive a line per recogniser.

    Raises:
        DataError: there is no pair of different people.
    """
    thresholds = {}
    for recogniser in bench.recognisers:
        pairs = lfw_pairs(recogniser, people, bench.pack.size, bench.cache_dir, bench.quiet)
        found = calibrate(pairs, far)
        thresholds[recogniser.name] = found
        findings.about[f"same person by {recogniser.name}"] = (
            f"cosine above {found.threshold:.4f} (FAR {far:g} on {pairs.origin}), which {found.tar:.3f} of the pairs "
            "of one person exceed"
        )
    return thresholds
