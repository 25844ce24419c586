"""Output of ``riddle encrypt``: progress lines, a summary, a JSON report, the exit status."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from riddle_pl import __version__
from riddle_pl.cli.options import NOT_ALL_STATUS, plural, say, warn
from riddle_pl.errors import FileError, one_line
from riddle_pl.files import atomic_write, read_json, require_writable_file
from riddle_pl.photos.jobs.metadata import is_covered
from riddle_pl.photos.jobs.outcome import Outcome, Status
from riddle_pl.photos.jobs.plan import Plan, Task

KIND = "riddle encrypt report"
SUMMARY_TERMS = {str(Status.ENCRYPTED): "encrypted"}
"""Names of states in the summary, where they differ from those in the JSON report."""


class EncryptReport:
    """Collects the outcomes of a job.

    Args:
        plan: the job.
        warns: whether what is not encrypted is told at once; else it ends the job with an error.
        path: of the JSON report; ``-`` is standard output, which then shows nothing else; None: no report.
        archive: where the records go, if not beside the pictures.
        quiet: print warnings only.

    Raises:
        FileError: the report cannot be written, or a file that is no such report is in its place.
    """

    def __init__(self, plan: Plan, path: Path | None, quiet: bool, warns: bool = True, archive: Path | None = None):
        self.plan = plan
        self.warns = warns
        self.path = path
        self.on_stdout = str(path) == "-"
        self.silent = quiet
        self.quiet = quiet or self.on_stdout
        self.note = ""
        """What the user should know about the quality gate."""
        self.secrecy = ""
        """What the user should know about the records."""
        self.outcomes: list[Outcome] = []
        if path is not None and not self.on_stdout:
            _check_place(path, {output for task in plan.tasks for output in (task.picture, task.record)} | {archive})

    def add(self, outcome: Outcome) -> None:
        """Keeps an outcome, and tells at once what was not encrypted."""
        self.outcomes.append(outcome)
        if outcome.error is not None and self.warns:
            verb = "covered a face" if outcome.status is Status.COVERED else "skipped"
            warn(f"{verb}: {one_line(outcome.error)}")

    def finished_before(self, tasks: Iterable[Task]) -> None:
        """Photos that an earlier run did; those in which it covered faces still count as covered."""
        for task in tasks:
            self.outcomes.append(Outcome(task, Status.COVERED if is_covered(task.picture) else Status.FINISHED))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Writes the JSON report when the block ends, also when it fails."""
        try:
            yield
        finally:
            self._save()

    def finish(self, mode: str, archive: Path | None) -> int:
        """Prints the summary and returns the exit status."""
        for task in self.plan.renamed:
            say(
                self.quiet,
                f"named: {task.photo} becomes {task.picture.name}, since the usual name is too long or taken",
            )
        if len(self.plan.tasks) == 1 and len(self.outcomes) == 1 and self.outcomes[0].record is not None:
            outcome = self.outcomes[0]
            say(self.quiet, f"picture: {outcome.task.picture}")
            where = archive or (outcome.record if outcome.task.record else "in the picture")
            say(self.quiet, f"record:  {where} ({mode}; needed, with the password, to recover the face)")
        elif self.outcomes:
            counts = [(count, what) for what, count in self._counts().items() if count]
            (first, what), *others = counts
            line = [f"{plural(first, 'photo')} {SUMMARY_TERMS.get(what, what)}"]
            say(self.quiet, ", ".join(line + [f"{count} {SUMMARY_TERMS.get(what, what)}" for count, what in others]))
        if self.plan.left_out:
            say(self.quiet, f"left out: {plural(self.plan.left_out, 'picture')} that riddle wrote")
        if self.note and self.outcomes:
            say(self.quiet, f"note: {self.note}")
        from riddle_pl.photos.record.known_leaks import SEVERAL

        records = sum(outcome.record is not None for outcome in self.outcomes)
        for told in (self.secrecy, SEVERAL)[: min(records, 2)]:
            say(self.silent, f"note: {told}", sys.stderr if self.on_stdout else None)
        good = (Status.ENCRYPTED, Status.FINISHED)
        return 0 if all(outcome.status in good for outcome in self.outcomes) else NOT_ALL_STATUS

    def _counts(self) -> dict[str, int]:
        found = Counter(outcome.status for outcome in self._all())
        return {str(status): found[status] for status in Status}

    def _all(self) -> list[Outcome]:
        """Every photo of the job, in its order."""
        known = {outcome.task: outcome for outcome in self.outcomes}
        return [known.get(task, Outcome(task, Status.NOT_TRIED)) for task in self.plan.tasks]

    def _save(self) -> None:
        if self.path is None:
            return
        content = {
            "kind": KIND,
            "version": __version__,
            "counts": self._counts(),
            "photos": [outcome.to_json() for outcome in self._all()],
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        if self.on_stdout:
            print(text, end="", flush=True)
            return
        with atomic_write(self.path) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def _check_place(path: Path, others: Iterable[Path | None]) -> None:
    require_writable_file(path, "report")
    if os.path.realpath(path) in {os.path.realpath(other) for other in others if other is not None}:
        raise FileError(f"--json {path} is also the name of a picture, a record or the archive; choose another")
    if not path.exists():
        return
    try:
        content = read_json(path)
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise FileError(f"--json {path} exists and is no report of riddle encrypt; choose another name")
