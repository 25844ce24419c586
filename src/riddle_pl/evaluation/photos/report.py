"""What a measurement found, as a table for people and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from riddle_pl.evaluation.photos.rates import Rate, count_reasons
from riddle_pl.evaluation.photos.trial import Trial
from riddle_pl.evaluation.report.tables import Line, Table, markdown_page
from riddle_pl.evaluation.report.tables.select import ARROWS
from riddle_pl.files import write_json, write_text
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
        counts = [Line([name, str(count)], []) for name, count in self.counts().items()]
        rates = [
            Line(
                [c.metric + ARROWS[c.better], c.image, c.reference, _value(rate.protected), _value(rate.all_faces)], []
            )
            for rate in self.rates
            for c in (rate.comparison,)
        ]
        tables = [
            Table("counts", "Photos and faces", ["", "count"], [], counts),
            Table("rates", "Rates", ["", "image", "reference", "faces passed", "all faces"], [], rates),
        ]
        return markdown_page("End to end on photos", self.about, tables, NOTES)

    def to_json(self) -> dict[str, Any]:
        """As written to ``report.json``, where a number that is not finite is null."""
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
            {
                **asdict(rate.comparison),
                "protected": rate.protected._asdict(),
                "all_faces": rate.all_faces._asdict(),
            }
            for rate in self.rates
        ]
        about = {"format_version": FORMAT_VERSION, "about": self.about, "counts": self.counts()}
        return {**about, "rates": rates, "notes": NOTES, "photos": photos}

    def write(self, folder: Path) -> list[Path]:
        """Writes ``table.md`` and ``report.json``, each whole or not at all.

        Raises:
            FileError: the folder cannot be written to.
        """
        write_text(folder / "table.md", self.to_markdown())
        write_json(folder / "report.json", self.to_json())
        return [folder / "table.md", folder / "report.json"]


def _value(estimate: Estimate) -> str:
    if estimate.faces == 0:
        return "no face"
    return f"{estimate.mean:.3f} [{estimate.low:.3f}, {estimate.high:.3f}] of {estimate.faces}"
