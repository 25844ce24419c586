"""Training archives of the recipes: held-out parts, and groups of people."""

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
"""Note on the groups."""

AGES = ((0, 29, "up to 29"), (30, 49, "30 to 49"), (50, 200, "50 and older"))

_SEX_AND_GROUP = re.compile(r"_(female|male)_([a-z]+)\.\w+$")
_AGE = re.compile(r"A(\d+)\.\w+$")


@dataclass(frozen=True)
class FaceArchives:
    """Face archives, read on demand.

    Args:
        root: folder of the archives.
        archives: their names, without ``.tar``.
        held_out: share of held-out images, as in the recipes.
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
        """The faces that recipes train on; at most ``count`` of them, in an order given by the seed."""
        return self._read("train", size, count, seed)

    def unseen(self, size: int, count: int | None = None, seed: int = 0) -> FaceSet:
        """The held-out faces; see :meth:`train`."""
        return self._read("held_out", size, count, seed)

    def _read(self, part: str, size: int, count: int | None, seed: int) -> FaceSet:
        return read_faces(Path(self.root).expanduser(), self.archives, size, self.held_out, part, count, seed)

    def strangers(self, size: int, train: FaceSet) -> FaceSet:
        """Held-out faces of people without an image in ``train``, by ``identities``."""
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
    """At most ``count`` faces, in an order given by the seed; None: all."""
    order = torch.randperm(len(faces), generator=torch.Generator().manual_seed(seed)).tolist()
    return subset(faces, order[:count])


def groups_of(name: str) -> list[str]:
    """Groups of a face by its file name: sex and coarse ethnic label, or age; possibly none."""
    if match := _SEX_AND_GROUP.search(name):
        return [match[1], match[2]]
    if match := _AGE.search(name):
        return [label for low, high, label in AGES if low <= int(match[1]) <= high]
    return []


def members_of(names: Sequence[str], smallest: int) -> dict[str, list[int]]:
    """Indices of files by group; groups with fewer than ``smallest`` are omitted."""
    members: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        for group in groups_of(name):
            members.setdefault(group, []).append(index)
    return {group: indices for group, indices in sorted(members.items()) if len(indices) >= smallest}


def _file(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def all_and_groups(names: Sequence[str], smallest: int) -> dict[str, list[int]]:
    """Indices of all files as ``all``, and those of each group of :func:`members_of`."""
    return {"all": list(range(len(names)))} | members_of(names, smallest)


def strangers_figures(
    context: AuditContext,
    section: str,
    embeddings: Float[Tensor, "n d"],
    threshold: float,
    groups: Mapping[str, Sequence[int]],
    better: str = "",
) -> list[Measurement]:
    """False-accept rate between people of the same group.

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
