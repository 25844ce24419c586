"""Collects the data of figures during an evaluation, of a few faces only."""

from collections.abc import Mapping, Sequence

from riddle_pl.evaluation.methods.method import FaceImages, Method
from riddle_pl.evaluation.scores import DiversityScores, RecogniserScores
from riddle_pl.figures.traces import (
    FACES,
    GRID_PASSWORDS,
    PEOPLE,
    PEOPLE_PASSWORDS,
    FaceTrace,
    IdentityCloud,
    Similarities,
    Traces,
)
from riddle_pl.judging.images import PHOTO, X_ENC1, X_WRONG1, X


class Tracer:
    """Fills a :class:`Traces`."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._images: dict[str, FaceImages] = {}
        self._many: dict[str, FaceImages] = {}

    def add_faces(self, names: Sequence[str], images: FaceImages) -> None:
        """Takes the images of some more faces."""
        for row, name in enumerate(names[: max(0, FACES - len(self._names))]):
            self._images[name] = {kind: x[row].clone() for kind, x in images.items()}
        self._names += names[: max(0, PEOPLE - len(self._names))]

    def add_passwords(self, name: str, images: FaceImages) -> None:
        """Takes the images of one of these faces under many passwords; empty where there are none."""
        if name in self._images:
            self._many[name] = {kind: x[:GRID_PASSWORDS].clone() for kind, x in images.items()}

    def traces(
        self,
        method: Method,
        identities: Sequence[RecogniserScores],
        diversity: Sequence[DiversityScores],
        notes: Mapping[str, str],
    ) -> Traces:
        """All that was kept.

        Args:
            method: what was evaluated.
            identities: every recogniser's scores.
            diversity: the same recognisers' scores of many passwords.
            notes: what a reader must know about each recogniser, by its name.
        """
        faces = [
            FaceTrace(name, images, self._many.get(name, {}).get(X_ENC1), self._many.get(name, {}).get(X_WRONG1))
            for name, images in self._images.items()
        ]
        clouds = [cloud for one in diversity if (cloud := self._cloud(one, notes[one.identity.recogniser.name]))]
        log = method.training_log
        missing = {}
        if not clouds:
            missing["clouds"] = f"{method.label} was not measured under many passwords"
        if log is None:
            missing["metrics"] = f"{method.label} comes with no log of a training run"
        return Traces(
            faces=faces,
            similarities=[
                Similarities(
                    judge=one.recogniser.name,
                    threshold=one.calibration.threshold,
                    kinds=one.similarities(),
                    pairs=one.pairs,
                    note=notes[one.recogniser.name],
                )
                for one in identities
            ],
            clouds=clouds,
            metrics=log,
            missing=missing,
        )

    def _cloud(self, diversity: DiversityScores, note: str) -> IdentityCloud | None:
        encryptions = diversity.embeddings(X_ENC1)[:PEOPLE]
        if not encryptions:
            return None
        identity, people = diversity.identity, self._names[: len(encryptions)]
        originals = identity.embeddings(X if len(identity.embeddings(X)) else PHOTO)
        return IdentityCloud(
            judge=identity.recogniser.name,
            people=people,
            encryptions=[one[:PEOPLE_PASSWORDS] for one in encryptions],
            originals=originals[: len(people)],
            note=note,
        )
