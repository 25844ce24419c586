"""The cosine above which two images count as one person's: calibrated on pairs of photos."""

from typing import NamedTuple

from riddle_pl.errors import DataError
from riddle_pl.judging.pairs import PairSimilarities


class Calibration(NamedTuple):
    """A threshold and its rates on the calibration pairs."""

    threshold: float
    """Two images are one person's when their cosine is greater."""
    far: float
    """False-accept rate on the pairs; at most the requested one."""
    tar: float
    """True-accept rate on the pairs; NaN without pairs of one person."""
    different: int
    """Pairs of different people."""
    same: int
    """Pairs of one person."""


def calibrate(pairs: PairSimilarities, far: float) -> Calibration:
    """The lowest threshold that at most a share ``far`` of the pairs of different people exceed.

    Args:
        pairs: cosines, and which pairs are of one person.
        far: false-accept rate in [0, 1); below one in the number of pairs it lets none of them pass.

    Raises:
        DataError: there is no pair of different people.
    """
    cosines = pairs.cosines.double()
    different, genuine = cosines[~pairs.same], cosines[pairs.same]
    if len(different) == 0:
        raise DataError("there is no pair of different people to calibrate the threshold on; give LFW's pairs file")
    accepted = int(far * len(different) + 1e-9)
    threshold = different.sort(descending=True).values[accepted]
    tar = float((genuine > threshold).double().mean()) if len(genuine) else float("nan")
    passed = float((different > threshold).double().mean())
    return Calibration(float(threshold), passed, tar, len(different), len(genuine))
