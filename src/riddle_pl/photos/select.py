"""Which faces of a photo are meant: by their indices, or by a photo of the person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from numpy import ndarray
from torch import Tensor

from riddle_pl.errors import NoFaceError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.faces.detect import Face
from riddle_pl.faces.load import load_image
from riddle_pl.judging.gate_judges import GateJudge
from riddle_pl.photos.choices import Faces, choose_faces
from riddle_pl.photos.face_work import JUDGED_SIZE


@dataclass(frozen=True, eq=False)
class Selector:
    """Chooses faces of photos.

    Args:
        only: the faces to encrypt; all if empty.
        without: faces that stay as they are, also if ``only`` names them.
        judge: tells whether two faces show one person; needed for people only.
        embeddings: of the people, by their photos.
    """

    only: Faces = field(default_factory=Faces)
    without: Faces = field(default_factory=Faces)
    judge: GateJudge | None = None
    embeddings: dict[Path, Float[Tensor, "1 d"]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.only) or bool(self.without)

    def __call__(self, photo: UInt8[ndarray, "h w 3"], faces: Sequence[Face], name: str) -> list[int]:
        """The indices of the chosen faces of a photo.

        Raises:
            ConfigError: the photo has no face of an index.
            NoFaceError: no face is chosen.
        """
        choose_faces(len(faces), None, name, sorted(self.only.indices | self.without.indices))
        chosen = self._matching(self.only, photo, faces) if self.only else set(range(len(faces)))
        chosen -= self._matching(self.without, photo, faces)
        if not chosen:
            raise NoFaceError(f"no face of {name} is among those to encrypt; nothing in it would change")
        return sorted(chosen)

    def _matching(self, wanted: Faces, photo: UInt8[ndarray, "h w 3"], faces: Sequence[Face]) -> set[int]:
        matches = set(wanted.indices)
        if wanted.people and self.judge is not None:
            known = torch.cat([self.embeddings[person] for person in wanted.people])
            found = torch.cat([embed_face(photo, face, self.judge) for face in faces])
            cosines = F.cosine_similarity(found[:, None], known[None], dim=-1).amax(dim=1)
            matches |= {index for index, cosine in enumerate(cosines.tolist()) if cosine >= self.judge.same_person}
        return matches


def embed_face(photo: UInt8[ndarray, "h w 3"], face: Face, judge: GateJudge) -> Float[Tensor, "1 d"]:
    """A recogniser's embedding of one face of a photo."""
    return judge.embed(align_face(photo, ffhq_quad(face.points), JUDGED_SIZE))


def selector(
    only: Faces,
    without: Faces,
    find_faces: Callable[[UInt8[ndarray, "h w 3"], str], Sequence[Face]],
    judge: Callable[[], GateJudge],
) -> Selector:
    """Looks at the photos of the people that are meant.

    Args:
        only, without: see :class:`Selector`.
        find_faces: the faces of a photo, the largest first; at least one.
        judge: makes the recogniser, if there are people to recognise.

    Raises:
        PhotoError: one cannot be read, or no face is found in it.
    """
    people = (*only.people, *without.people)
    if not people:
        return Selector(only, without)
    recogniser = judge()
    embeddings = {}
    for person in people:
        photo = load_image(person)
        embeddings[person] = embed_face(photo, find_faces(photo, str(person))[0], recogniser)
    return Selector(only, without, recogniser, embeddings)
