"""What became of each photo of a job; without networks, so that a job can tell it before any is imported."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from riddle_pl.errors import RiddleError
from riddle_pl.photos.jobs.plan import Task


class Status(StrEnum):
    """What became of a photo; the values are those of a JSON report."""

    ENCRYPTED = "done"
    """All its chosen faces are encrypted."""
    COVERED = "covered"
    """Refused faces are covered, the others are encrypted."""
    REFUSED = "refused"
    """Left out: a face was refused, or none was found."""
    FAILED = "failed"
    """Left out: it cannot be read, or its outputs cannot be written."""
    FINISHED = "finished before"
    """An earlier run did it."""
    NOT_TRIED = "not tried"
    """The job ended before."""


WRITTEN = (Status.ENCRYPTED, Status.COVERED, Status.FINISHED)
"""There is a picture."""


@runtime_checkable
class Reported(Protocol):
    """A :class:`riddle_pl.photos.reports.FaceReport`."""

    def to_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Outcome:
    """What became of one photo.

    Args:
        task: the photo and its outputs.
        status: see :class:`Status`.
        faces: all that were found.
        error: why it was skipped or covered; None if nothing was wrong.
        seconds: in the networks, detection included; photos of one batch share it evenly.
        record: where the record is; None if there is none.

    An outcome of an earlier run, or of a photo that was not tried, has the task and the status alone.
    """

    task: Task
    status: Status
    faces: tuple[Reported, ...] = ()
    error: RiddleError | None = None
    seconds: float = 0.0
    record: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a report."""
        return {
            "photo": str(self.task.photo),
            "state": str(self.status),
            "picture": str(self.task.picture) if self.status in WRITTEN else None,
            "record": None if self.record is None else str(self.record),
            "error": None if self.error is None else str(self.error),
            "seconds": round(self.seconds, 3),
            "faces": [face.to_json() for face in self.faces],
        }
