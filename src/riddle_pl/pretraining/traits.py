"""``recipe=traits``: apparent sex, age, childhood and glasses from the features of a pack's recogniser."""

import math
import re
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torchmetrics.functional.classification import binary_auroc

from riddle_pl.data.face_set import FaceSet, to_float
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.networks.recogniser import AlignedRecogniser
from riddle_pl.networks.traits import TRAITS, Traits
from riddle_pl.packs import Pack
from riddle_pl.photos.paste.mask import BiSeNetMap, NetworkMap, ParserMap
from riddle_pl.pretraining.drawn_children import HELD_OUT, DrawnChildren
from riddle_pl.pretraining.recipe import PackRole, Recipe

SEX = re.compile(r"_(female|male)(_|\.)")
AGED = re.compile(r"(\d{5})A(\d{2,3})\.")
WOMEN = 7381
"""All-Age-Faces numbers its 7,381 women and girls first, then its 5,941 men and boys, each by age (Cheng et al.,
"Exploiting Effective Facial Patches for Robust Gender Recognition", 2019)."""
SAMPLES = 48
GLASSES = 0.015
"""Share of a face's square that glasses fill where it wears some."""
ADULT = 1.8
"""Age in decades from which a face is held to be no child's, for the figures."""


class TraitsRecipe(Recipe):
    """Reads faces, a batch per step, and fits the linear map to their labels. Nothing has a gradient.

    Sex and age are in the names of photos, childhood in a list for faces that the pack's generator draws, and glasses
    are seen in these by the pack's ``face_mask``, or by its ``parser`` where it has none.

    Args:
        faces: whose names hold ``_female`` or ``_male``, or are those of All-Age-Faces: number, ``A``, age in years.
        held_out: other faces, on which it is measured.
        drawn: which drawn faces are children's.
        pack: its recogniser is a MobileFaceNet; its generator draws.
        ridge: see :meth:`riddle_pl.networks.traits.Traits.fit`.
        count: photos at most, chosen by the seed; null: all.
        batch: faces of a step.
        seed: of the choice of photos.

    Raises:
        ConfigError: ``count`` or ``batch`` below 1.
        DataError: no name has the sex, or none the age.
        PackError: the recogniser is another one.
    """

    roles = ("traits",)

    features: Tensor
    worn: Tensor

    def __init__(
        self,
        faces: FaceSet,
        held_out: FaceSet,
        drawn: DrawnChildren,
        pack: Pack,
        ridge: float,
        count: int | None,
        batch: int,
        seed: int,
    ):
        if batch < 1 or (count is not None and count < 1):
            raise ConfigError(f"recipe.count={count} and recipe.batch={batch}; give at least 1 each")
        number = len(faces) if count is None else min(count, len(faces))
        order = torch.randperm(len(faces), generator=torch.Generator().manual_seed(seed))[:number]
        images = torch.cat([faces.images[order], held_out.images])
        self.read_in = math.ceil(len(images) / batch)
        super().__init__(seed, steps=self.read_in + math.ceil(drawn.count / batch))
        self.images, self.drawn = images, drawn
        self.traits = torch.full((len(images) + drawn.count, len(TRAITS)), math.nan)
        self.traits[: len(images), :2] = traits_of([*(faces.names[k] for k in order), *held_out.names])
        self.traits[len(images) :, 2] = drawn.labels
        rows = torch.arange(len(self.traits))
        self.fitted = torch.where(rows < len(images), rows < number, (rows - len(images)) % HELD_OUT != 0)
        self.batch, self.ridge = batch, ridge
        for name, column in zip(TRAITS[:2], self.traits[:number, :2].T, strict=True):
            if column.isnan().all():
                raise DataError(f"no name of {faces.sources()} tells the {name}; see recipe=traits")
        self.sources = faces.sources()
        # in a tuple, so that a checkpoint holds only features
        self._networks = (
            pack.load_as("recogniser", AlignedRecogniser),
            pack.at(min(pack.manifest.sizes)).generator(),
        )
        width = self._read(images[:1]).shape[1]
        self._network = (Traits(width),)
        self._glasses: NetworkMap = BiSeNetMap(pack) if BiSeNetMap.role in pack.roles else ParserMap(pack)
        self.register_buffer("features", torch.zeros(len(self.traits), width))
        self.register_buffer("worn", torch.zeros(drawn.count))  # share of the square
        self.automatic_optimization = False

    def training_step(self, batch: int, batch_idx: int) -> None:
        """Features of one batch of photos, and when these are done, of one of drawn faces."""
        step = self.next_step()
        if step < self.read_in:
            first = step * self.batch
            found = self._read(self.images[first : first + self.batch])
        else:
            drawn = (step - self.read_in) * self.batch
            x = self.drawn.draw(self._networks[1], slice(drawn, drawn + self.batch))
            found = self._features(x)
            first = len(self.images) + drawn
            seen = self._glasses.classes(x)[:, self._glasses.glasses] > 0.5
            self.worn[drawn : drawn + self.batch] = seen.float().mean(dim=(1, 2)).to(self.worn)
        self.features[first : first + len(found)] = found.to(self.features)

    def _read(self, images: UInt8[Tensor, "b 3 h w"]) -> Float[Tensor, "b c"]:
        return self._features(to_float(images))

    @torch.no_grad()
    def _features(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c"]:
        return self._networks[0].with_features(x)[1]

    @property
    def network(self) -> Traits:
        """The network, fitted once all faces are read."""
        if int(self.step_count) >= self.steps:
            self.traits[len(self.images) :, 3] = (self.worn.cpu() > GLASSES).float()
            self._network[0].fit(self.features[self.fitted].cpu(), self.traits[self.fitted], self.ridge)
        return self._network[0]

    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """The first faces, as nothing is drawn."""
        return to_float(self.images[:SAMPLES])

    @torch.no_grad()
    def figures(self) -> Mapping[str, float]:
        found, told = self.network(self.features[~self.fitted].cpu()), self.traits[~self.fitted]
        sexed, aged, looked_at, parsed = (~column.isnan() for column in told.T)
        right = (found[sexed, 0] > 0) == (told[sexed, 0] > 0)
        years = 10.0 * (found[aged, 1] - told[aged, 1]).abs()
        adults, children = aged & (told[:, 1] >= ADULT), told[looked_at, 2]
        area, mistaken = binary_auroc(found[looked_at, 2], children.int()), (found[adults, 2] > 0.5).float().mean()
        worn = told[parsed, 3]
        child = f"area under the ROC curve, {int(children.sum())} children among {len(children)} held-out drawn faces"
        glasses = f"area under the ROC curve, glasses in {int(worn.sum())} of {len(worn)} held-out drawn faces"
        return {
            f"sex as the name says, share of {int(sexed.sum())} held-out faces": float(right.float().mean()),
            f"error of the age in years, mean over {int(aged.sum())} held-out faces": float(years.mean()),
            child: float(area),
            glasses: float(binary_auroc(found[parsed, 3], worn.int())),
            f"taken for children (above 0.5), share of {int(adults.sum())} held-out faces of adults": float(mistaken),
        }

    def pack_roles(self) -> list[PackRole]:
        network, told = self.network, self.traits[self.fitted]
        looked_at, children = int((~told[:, 2].isnan()).sum()), int((told[:, 2] == 1).sum())
        worn, drawn = int((told[:, 3] == 1).sum()), int((~told[:, 3].isnan()).sum())
        description = f"""
Apparent sex (-1 woman, 1 man), apparent age in decades, whether the face is a child's and whether it wears glasses
(0 to 1), linear in the features of the pack's `recogniser` before its last layer. Fitted to faces of {self.sources}:
the names of the synthetic ones tell the sex, those of All-Age-Faces sex and age (16 to 80). Childhood is fitted to
{looked_at:,} faces that the pack's generator draws, of which {children:,} look younger than about twelve years:
labelled by eye, once, in the order of an earlier fit; the list is in `conf/recipe/traits.yaml`. Glasses are fitted to
{drawn:,} of these faces, {worn:,} with some as `{self._glasses.role}` sees them. `nonce=best_fit` compares candidates
with the photo by the first three, so that a new face fits its head, and prefers those without glasses, which would
have no temples there. How old a child is, it does not know; glasses of photos it hardly knows; most of the faces with
an age are East Asian; and it knows no other sexes. It says nothing about a person: only which of several pictures is
more like another.
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
