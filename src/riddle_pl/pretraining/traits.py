"""``recipe=traits``: apparent sex and age from the features of a pack's recogniser."""

import math
import re
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.face_set import FaceSet, to_float
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.networks.recogniser import AlignedRecogniser
from riddle_pl.networks.traits import Traits
from riddle_pl.packs import Pack
from riddle_pl.pretraining.recipe import PackRole, Recipe

SEX = re.compile(r"_(female|male)(_|\.)")
AGED = re.compile(r"(\d{5})A(\d{2,3})\.")
WOMEN = 7381
"""All-Age-Faces numbers its 7,381 women and girls first, then its 5,941 men and boys, each by age (Cheng et al.,
"Exploiting Effective Facial Patches for Robust Gender Recognition", 2019)."""
SAMPLES = 48


class TraitsRecipe(Recipe):
    """Reads faces, a batch per step, and fits the linear map to the labels in their names. Nothing has a gradient.

    Args:
        faces: whose names hold ``_female`` or ``_male``, or are those of All-Age-Faces: number, ``A``, age in years.
        held_out: other faces, on which it is measured.
        pack: its recogniser is a MobileFaceNet.
        ridge: see :meth:`riddle_pl.networks.traits.Traits.fit`.
        count: faces at most, chosen by the seed; null: all.
        batch: faces of a step.
        seed: of the choice of faces.

    Raises:
        ConfigError: ``count`` or ``batch`` below 1.
        DataError: no name has the sex, or none the age.
        PackError: the recogniser is another one.
    """

    roles = ("traits",)

    features: Tensor

    def __init__(
        self, faces: FaceSet, held_out: FaceSet, pack: Pack, ridge: float, count: int | None, batch: int, seed: int
    ):
        if batch < 1 or (count is not None and count < 1):
            raise ConfigError(f"recipe.count={count} and recipe.batch={batch}; give at least 1 each")
        number = len(faces) if count is None else min(count, len(faces))
        order = torch.randperm(len(faces), generator=torch.Generator().manual_seed(seed))[:number]
        images = torch.cat([faces.images[order], held_out.images])
        super().__init__(seed, steps=math.ceil(len(images) / batch))
        self.images = images
        self.traits = torch.cat([traits_of([faces.names[k] for k in order]), traits_of(held_out.names)])
        self.fitted, self.batch, self.ridge = number, batch, ridge
        for name, column in zip(("sex", "age"), self.traits[:number].T, strict=True):
            if column.isnan().all():
                raise DataError(f"no name of {faces.sources()} tells the {name}; see recipe=traits")
        self.sources = faces.sources()
        # in a tuple, so that a checkpoint holds only features
        self._recogniser = (pack.load_as("recogniser", AlignedRecogniser),)
        width = self._read(images[:1]).shape[1]
        self._network = (Traits(width),)
        self.register_buffer("features", torch.zeros(len(images), width))
        self.automatic_optimization = False

    def configure_optimizers(self) -> None:
        """Nothing is optimised."""

    def training_step(self, batch: int, batch_idx: int) -> None:
        """Features of one batch of faces."""
        first = self.next_step() * self.batch
        part = slice(first, first + self.batch)
        self.features[part] = self._read(self.images[part]).to(self.features)

    @torch.no_grad()
    def _read(self, images: Tensor) -> Float[Tensor, "b c"]:
        return self._recogniser[0].with_features(to_float(images))[1]

    @property
    def network(self) -> Traits:
        """The network, fitted once all faces are read."""
        known = min(int(self.step_count) * self.batch, self.fitted)
        if known == self.fitted:
            self._network[0].fit(self.features[:known].cpu(), self.traits[:known], self.ridge)
        return self._network[0]

    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """The first faces, as nothing is drawn."""
        return to_float(self.images[:SAMPLES])

    @torch.no_grad()
    def figures(self) -> Mapping[str, float]:
        found, told = self.network(self.features[self.fitted :].cpu()), self.traits[self.fitted :]
        sexed, aged = (~column.isnan() for column in told.T)
        right = (found[sexed, 0] > 0) == (told[sexed, 0] > 0)
        years = 10.0 * (found[aged, 1] - told[aged, 1]).abs()
        return {
            f"sex as the name says, share of {int(sexed.sum())} held-out faces": float(right.float().mean()),
            f"error of the age in years, mean over {int(aged.sum())} held-out faces": float(years.mean()),
        }

    def pack_roles(self) -> list[PackRole]:
        network = self.network
        description = f"""
Apparent sex (-1 woman, 1 man) and apparent age in decades, linear in the features of the pack's `recogniser` before its
last layer. Fitted to {self.fitted:,} faces of {self.sources}: the names of the
synthetic ones tell the sex, those of All-Age-Faces sex and age (16 to 80). `nonce=best_fit` compares candidates with
the photo by it, so that a new face fits its head. Children are younger than anybody whom it was fitted to; most of the
faces with an age are East Asian; and it knows no other sexes. It says nothing about a person: only which of several
pictures is more like another.
"""
        args = {"features": network.linear.in_features}
        return [PackRole("traits", network, "traits", args, description, torch.float32)]


def traits_of(names: Sequence[str]) -> Float[Tensor, "n 2"]:
    """Sex (-1 woman, 1 man) and age in decades that names of faces tell; NaN where they do not."""
    rows = []
    for name in names:
        sex, aged = SEX.search(name), AGED.search(name)
        if aged:
            rows.append((-1.0 if int(aged[1]) < WOMEN else 1.0, int(aged[2]) / 10.0))
        else:
            rows.append((math.nan if sex is None else (1.0 if sex[1] == "male" else -1.0), math.nan))
    return torch.tensor(rows)
