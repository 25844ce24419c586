"""``recipe=ciagan_small``: a small CIAGAN."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from riddle_pl.data.face_set import FaceSet, recipe_rng, to_float
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.files import require_file
from riddle_pl.networks.small_methods.ciagan import CiaganSmall
from riddle_pl.packs import Pack
from riddle_pl.pretraining.small_methods.inpainting import InpaintingRecipe
from riddle_pl.pretraining.small_methods.recipe import Drawn

TEMPERATURE = 0.1
"""Of the cosines with the people who can be chosen: to be a little like all of them gains nothing."""


def most_photographed(names: Sequence[str], identities: Path, people: int) -> list[list[int]]:
    """The faces, by their numbers, of the people of CelebA who are on most of them.

    Args:
        names: ``archive/member`` of the faces.
        identities: lines of file name and number of the person, with or without a heading (CelebA's
            ``identity_CelebA.txt`` has none).
        people: how many.

    Raises:
        DataError: the file is missing or not of this form, or tells of fewer people.
    """
    require_file(identities, "identities of CelebA", DataError)
    of_file: dict[str, str] = {}
    for number, line in enumerate(identities.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        words = line.split()
        if len(words) != 2:
            raise DataError(f"{identities}, line {number}: {line[:60]!r}; expected a file name and a person's number")
        of_file[words[0]] = words[1]
    faces = defaultdict(list)
    for index, name in enumerate(names):
        if (person := of_file.get(PurePosixPath(name).name)) is not None:
            faces[person].append(index)
    found = sorted(faces.values(), key=len, reverse=True)[:people]
    if len(found) < people:
        raise DataError(f"{identities} tells of {len(found)} people among the faces; recipe.people is {people}")
    return found


class CiaganSmallRecipe(InpaintingRecipe[CiaganSmall]):
    """Maximov et al., CVPR 2020, at the pack's size: the hidden face becomes one of some people of CelebA.

    Terms: ``adversarial``; ``person``, the cross-entropy of telling the chosen person from the others by cosines with
    their mean embeddings; ``parts`` and ``colours``, see :class:`InpaintingRecipe`.

    Args:
        identities: file that tells who is on CelebA's photos.
        people: that can be chosen: those on most training faces.
        others: see :class:`SmallMethodRecipe`.

    Raises:
        ConfigError: fewer than 2 people.
        DataError: see :func:`most_photographed`.
    """

    roles = ("ciagan_small",)
    terms = ("person", "parts", "colours")

    def __init__(
        self,
        faces: FaceSet,
        held_out: FaceSet,
        identities: str,
        people: int,
        pack: Pack,
        widths: Sequence[int],
        batch: int,
        steps: int,
        seed: int,
        weights: Mapping[str, float],
        learning_rate: float = 1e-3,
    ):
        if people < 2:
            raise ConfigError(f"recipe.people={people}; give at least 2")
        chosen = most_photographed(faces.names, Path(identities), people)
        network = CiaganSmall(people, widths)
        super().__init__(faces, held_out, pack, network, widths, batch, steps, seed, learning_rate, weights)
        self.photographed = len(chosen[-1])
        self._people = (torch.stack([self._mean_embedding(faces.images[numbers]) for numbers in chosen]),)

    @torch.no_grad()
    def _mean_embedding(self, images: Tensor) -> Float[Tensor, "d"]:
        return F.normalize(self.embed(to_float(images)).mean(dim=0), dim=0)

    def draw(self, chosen: Tensor, rng: torch.Generator) -> Drawn:
        x, labels = self.images(chosen), self.labels(chosen)
        person = torch.randint(self.network.people, (len(x),), generator=rng).to(x.device)
        drawn = self.network(x, labels, person)
        cosines = self.embed(drawn) @ self._people[0].to(x.device).T
        return drawn, {
            "person": F.cross_entropy(cosines / TEMPERATURE, person),
            **self.in_place(drawn, x, labels),
        }

    @torch.no_grad()
    def rows(self, x: Float[Tensor, "b 3 h h"]) -> list[Float[Tensor, "b 3 h h"]]:
        """Faces of two chosen people."""
        labels = self.logits(x).argmax(dim=1)
        people: Int[Tensor, "2 b"] = torch.randint(
            self.network.people, (2, len(x)), generator=recipe_rng(self.seed, -2)
        ).to(x.device)
        return [self.average.module(x, labels, person) for person in people]

    @property
    def args(self) -> dict[str, Any]:
        return {"people": self.network.people, "widths": self.widths}

    @property
    def description(self) -> str:
        size = self.faces.images.shape[-1]
        return f"""
A small re-implementation of CIAGAN (Maximov et al., "CIAGAN: Conditional Identity Anonymization Generative
Adversarial Networks", CVPR 2020) at {size} px, from the facts of the paper, for `riddle-eval method=ciagan_small`.
**It is not the authors' network, and its figures are not theirs.** As in the paper: the network sees the outlines
of face, nose and mouth and what is around the face, and is told a person by a one-hot vector; a network of
identities guides it. Unlike it: half a million weights, a vector that scales and shifts maps of all sizes, outlines
of the pack's parser, a fixed box in the aligned face, the pack's frozen recogniser in place of a siamese network
trained beside it, a logistic loss in place of LSGAN's, a term on coarse colours, minutes of training in place of
days.

The {self.network.people} people are those of CelebA who are on most training faces, {self.photographed} or more
each. Trained on {self.faces.sources()}. LFW is not among them.
"""
