"""What a measurement found, as a table for people and as JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from riddle_pl.evaluation.photos.rates import Rate, count_reasons
from riddle_pl.evaluation.photos.trial import Trial
from riddle_pl.files import atomic_write
from riddle_pl.judging.metrics import Estimate

FORMAT_VERSION = 1
NOTES = (
    "passed: the quality gate lets the face pass. It refuses faces that the judge still takes for the person in the "
    "photo, so that de-identification against the photo, over faces that pass, is 0 by construction where gate and "
    "judge are the same recogniser at the same threshold; the column of all faces tells how often the gate was needed.",
    "These rates speak of pictures. What records give away without the password: riddle-attack.",
    "recovery against the photo is to be read beside the inversion's own row: what comes back is the inversion.",
    "An interval without width means that all faces agreed; 0 of n faces leaves rates up to about 3/n possible.",
)


@dataclass(frozen=True)
class Report:
    """A measurement.

    Args:
        about: what it depends on, by name; values that JSON can hold.
        trials: one per photo.
        rates: over their faces.
    """

    about: dict[str, Any]
    trials: Sequence[Trial]
    rates: Sequence[Rate]

    def counts(self) -> dict[str, int]:
        """Of photos and faces."""
        read = [trial for trial in self.trials if not trial.error]
        found = sum(trial.found for trial in read)
        counts = {"photos": len(self.trials), "photos not read": len(self.trials) - len(read)}
        counts["photos without a face found"] = sum(not trial.found for trial in read)
        if read and all(trial.people is not None for trial in read):
            counts["people in them"] = sum(trial.people or 0 for trial in read)
        refused = count_reasons(self.trials)
        counts |= {"faces found": found, "faces passed": found - sum(refused.values())}
        return counts | {f"faces refused: {reason.replace('_', ' ')}": count for reason, count in refused.items()}

    def to_markdown(self) -> str:
        """The tables, with what they depend on above and how to read them below."""
        lines = ["# End to end on photos", "", *(f"- {name}: {value}" for name, value in self.about.items()), ""]
        lines += _table(["", "count"], [[name, str(count)] for name, count in self.counts().items()])
        cells = [
            [rate.metric, rate.image, rate.reference, _value(rate.protected), _value(rate.all_faces)]
            for rate in self.rates
        ]
        lines += ["", *_table(["", "image", "reference", "faces passed", "all faces"], cells), ""]
        return "\n".join([*lines, *(f"- {note}" for note in NOTES)]) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Everything; a number that is not finite is null."""
        photos = [
            {
                "name": trial.photo,
                "people": trial.people,
                "found": trial.found,
                "refused": [None if reason is None else str(reason) for reason in trial.refused],
                "error": trial.error or None,
            }
            for trial in self.trials
        ]
        rates = [
            asdict(rate) | {"protected": _finite(rate.protected), "all_faces": _finite(rate.all_faces)}
            for rate in self.rates
        ]
        about = {"format_version": FORMAT_VERSION, "about": self.about, "counts": self.counts()}
        return {**about, "rates": rates, "notes": NOTES, "photos": photos}

    def write(self, folder: Path) -> list[Path]:
        """Writes ``table.md`` and ``report.json``, each whole or not at all.

        Raises:
            FileError: the folder cannot be written to.
        """
        paths = [folder / "table.md", folder / "report.json"]
        for path, text in zip(paths, (self.to_markdown(), json.dumps(self.to_json(), indent=1) + "\n"), strict=True):
            with atomic_write(path) as temporary:
                temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
        return paths


def _value(estimate: Estimate) -> str:
    if estimate.faces == 0:
        return "no face"
    return f"{estimate.mean:.3f} [{estimate.low:.3f}, {estimate.high:.3f}] of {estimate.faces}"


def _finite(estimate: Estimate) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in estimate._asdict().items()}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
