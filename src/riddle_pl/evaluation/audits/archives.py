"""The archives of faces that the recipes train on, what they hold out, and their groups of people."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.face_set import FaceSet, read_faces
from riddle_pl.errors import DataError
from riddle_pl.evaluation.audits.audit import AuditContext
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.files import require_file
from riddle_pl.judging.metrics import OtherPeopleRate

GROUPS_NOTE = (
    "Groups are those that the names of the files tell; ages are those of All-Age-Faces, sex and coarse ethnic labels "
    "those of the synthetic people, whom generators drew and who are more alike than people are. Compare groups of one "
    "archive with each other."
)
"""Which groups the figures by group speak of."""

AGES = ((0, 29, "up to 29"), (30, 49, "30 to 49"), (50, 200, "50 and older"))

_SEX_AND_GROUP = re.compile(r"_(female|male)_([a-z]+)\.\w+$")
_AGE = re.compile(r"A(\d+)\.\w+$")


@dataclass(frozen=True)
class FaceArchives:
    """Nothing is read before it is asked for.

    Args:
        root: folder of the archives.
        archives: their names, without ``.tar``.
        held_out: share of held-out images, as the recipes had it.
        identities: file in ``root`` with lines ``IMAGE PERSON``, for archives with several images of a person; or null.
    """

    root: str
    archives: Sequence[str]
    held_out: float = 0.05
    identities: str | None = None

    def check(self) -> None:
        """Raises :class:`DataError` where a file is missing."""
        for name in self.archives:
            require_file(Path(self.root).expanduser() / f"{name}.tar", "face archive", DataError)
        if self.identities is not None:
            require_file(Path(self.root).expanduser() / self.identities, "identities", DataError)

    def train(self, size: int, count: int | None = None, seed: int = 0) -> FaceSet:
        """The faces that recipes train on; at most ``count`` of them, in an order that the seed fixes."""
        return self._read("train", size, count, seed)

    def unseen(self, size: int, count: int | None = None, seed: int = 0) -> FaceSet:
        """The held-out faces; see :meth:`train`."""
        return self._read("held_out", size, count, seed)

    def _read(self, part: str, size: int, count: int | None, seed: int) -> FaceSet:
        return read_faces(Path(self.root).expanduser(), self.archives, size, self.held_out, part, count, seed)

    def strangers(self, size: int, train: FaceSet) -> FaceSet:
        """Held-out faces of people of whom no image is in ``train``, as far as names and ``identities`` tell."""
        unseen = self.unseen(size)
        people = self._people()
        known = {people[name] for name in map(_file, train.names) if name in people}
        return subset(unseen, [i for i, name in enumerate(unseen.names) if people.get(_file(name)) not in known])

    def _people(self) -> dict[str, str]:
        """Person by image."""
        if self.identities is None:
            return {}
        path = require_file(Path(self.root).expanduser() / self.identities, "identities", DataError)
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        if any(len(row) != 2 for row in rows):
            raise DataError(f"identities {path} has a line that is not `IMAGE PERSON`; get the file again")
        return {row[0]: row[1] for row in rows}


def subset(faces: FaceSet, chosen: Sequence[int]) -> FaceSet:
    """Some of the faces, in this order.

    Raises:
        DataError: none was chosen.
    """
    if not chosen:
        raise DataError("no face is left for the audit; give other archives")
    return FaceSet(faces.images[torch.tensor(chosen)], [faces.names[i] for i in chosen])


def drawn(faces: FaceSet, count: int | None, seed: int) -> FaceSet:
    """At most ``count`` faces, in an order that the seed fixes; None: all."""
    order = torch.randperm(len(faces), generator=torch.Generator().manual_seed(seed)).tolist()
    return subset(faces, order[:count])


def groups_of(name: str) -> list[str]:
    """The groups that a file's name puts a face in: sex and coarse ethnic label, or age; none where it says nothing."""
    if match := _SEX_AND_GROUP.search(name):
        return [match[1], match[2]]
    if match := _AGE.search(name):
        return [label for low, high, label in AGES if low <= int(match[1]) <= high]
    return []


def members_of(names: Sequence[str], smallest: int) -> dict[str, list[int]]:
    """Which of the files each group has, by group; groups with fewer than ``smallest`` are left out."""
    members: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        for group in groups_of(name):
            members.setdefault(group, []).append(index)
    return {group: indices for group, indices in sorted(members.items()) if len(indices) >= smallest}


def _file(name: str) -> str:
    return name.rsplit("/", 1)[-1]


# Figures of everybody together, and of each group of people that the names of the files tell.


def all_and_groups(names: Sequence[str], smallest: int) -> dict[str, list[int]]:
    """Which files belong to ``all``, and to each group that :func:`members_of` finds."""
    return {"all": list(range(len(names)))} | members_of(names, smallest)


def strangers_figures(
    context: AuditContext,
    section: str,
    embeddings: Float[Tensor, "n d"],
    threshold: float,
    groups: Mapping[str, Sequence[int]],
    better: str = "",
) -> list[Measurement]:
    """How often two people of one group pass as one person.

    Args:
        context: seed and resamples of the intervals.
        section: heading.
        embeddings: of one image per person.
        threshold: cosine above which two images count as one person's.
        groups: rows of each group.
        better: see :class:`Measurement`.
    """
    figures = []
    for group, indices in groups.items():
        rate = OtherPeopleRate(threshold, resamples=context.resamples, seed=context.seed)
        rate.update(embeddings[indices])
        figures.append(Measurement.of(section, group, rate.compute(), better))
    return figures
