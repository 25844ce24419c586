"""``recipe=code_model``: the model of codes of real faces that the padded encryptor hides them in."""

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.inversion import Inversion
from riddle_pl.networks.encryptor_padded import PaddedEncryptor
from riddle_pl.pretraining.faces import FaceSet, to_float
from riddle_pl.pretraining.recipe import PackRole, Recipe

SAMPLES = 48
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


class CodeModelRecipe(Recipe):
    """Inverts faces as the pipeline does, a batch per step, and fits the encryptor's model to their codes.

    Nothing has a gradient: the model is the mean and the principal components of the codes. A killed run goes on where
    it stopped, as those of other recipes do.

    Args:
        faces: whose codes the model is fitted to.
        held_out: other faces, on whose codes it is measured.
        inversion: how codes are found, and with what pack; the model is for codes that were found in this way.
        groups: sizes of the groups of layers that are equal in every code; null: every layer is a group.
        components: K, coordinates of a code.
        count: faces at most; null: all.
        batch: faces of a step.
        seed: of the choice of faces.

    Raises:
        ConfigError: fewer faces than coordinates, or groups that are not of this generator.
    """

    codes: Tensor

    def __init__(
        self,
        faces: FaceSet,
        held_out: FaceSet,
        inversion: Inversion,
        groups: Sequence[int] | None,
        components: int,
        count: int | None,
        batch: int,
        seed: int,
    ):
        number = len(faces) if count is None else min(count, len(faces))
        if components < 1 or batch < 1 or number <= components:
            raise ConfigError(
                f"recipe.components={components} and recipe.batch={batch} with {number} faces; give at least 1 each, "
                "and more faces than components"
            )
        layers = inversion.pack.num_layers
        sizes = tuple(groups) if groups is not None else (1,) * layers
        if sum(sizes) != layers or min(sizes) < 1:
            raise ConfigError(f"recipe.groups={list(sizes)} sum to {sum(sizes)}; expected {layers} layers")
        order = torch.randperm(len(faces), generator=torch.Generator().manual_seed(seed))[:number]
        images = torch.cat([faces.images[order], held_out.images])
        super().__init__(seed, steps=math.ceil(len(images) / batch))
        self.inversion = inversion
        self.images = images
        self.fitted = number
        self.batch = batch
        self.sources = faces.sources()
        self.encryptor = PaddedEncryptor(layers, components, sizes)
        self.register_buffer("codes", torch.zeros(len(images), *self.encryptor.codes.mean.shape, dtype=torch.float16))
        self.automatic_optimization = False

    def configure_optimizers(self) -> None:
        """Nothing is optimised."""

    def training_step(self, batch: int, batch_idx: int) -> None:
        """Codes of one batch of faces."""
        first = self.next_step() * self.batch
        part = slice(first, first + self.batch)
        w = self.inversion(to_float(self.images[part]))
        self.codes[part] = self.encryptor.codes.grouped(w).to(self.codes)

    @torch.no_grad()
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """People drawn from the model of the codes so far; black before there are enough."""
        size = self.inversion.pack.size
        if not self._fit():
            return torch.full((SAMPLES, 3, size, size), -1.0)
        rng = torch.Generator().manual_seed(self.seed + 1)
        v = torch.randn(SAMPLES, self.encryptor.codes.components, generator=rng)
        generator = self.inversion.pack.generator()
        return torch.cat([generator(part) for part in self.encryptor.decode(v).split(8)])

    def figures(self) -> Mapping[str, float]:
        """How well the model describes codes that it was fitted to, and others."""
        self._fit()
        codes = self.encryptor.codes
        figures = {}
        for name, part in (("fitted", self.codes[: self.fitted]), ("held-out", self.codes[self.fitted :])):
            w = part.double()
            v = codes.encode(w[:, codes.group_of_layer])
            around = (w - codes.mean.double()).square().sum(dim=(1, 2)).mean()
            inside = (v @ codes.basis.double()).square().sum(dim=1).mean()
            of = f"of {len(part):,} {name} codes"
            figures[f"share of the variance {of} in the {codes.components} components"] = float(inside / around)
            figures[f"mean |v|²/K {of} (the model's draws: 1)"] = float(v.square().mean())
            figures[f"log-likelihood {of}, nats per coordinate (the model's draws: {-HALF_LOG_TWO_PI - 0.5:.3f})"] = (
                float(-HALF_LOG_TWO_PI - codes.energy(v).mean() / codes.components)
            )
        return figures

    def pack_roles(self) -> list[PackRole]:
        self._fit()
        codes = self.encryptor.codes
        args = {"num_layers": codes.num_layers, "components": codes.components, "groups": list(codes.groups)}
        description = f"""
Padded encryptor (`encryptor=padded`): coordinates of a code in its {codes.components} leading principal components,
padded by the key stream. The components are those of codes that `invert={self.inversion.name}` finds for
{self.fitted:,} faces of {self.sources}; it is meant for codes that are found
in this way. What is proven of it and what is only measured: docs/security.md.
"""
        return [PackRole("encryptor-padded", self.encryptor, "padded", args, description, tokens="key_stream")]

    def _fit(self) -> bool:
        """Fits the model to the codes so far, if there are enough."""
        known = min(int(self.step_count) * self.batch, self.fitted)
        if known <= self.encryptor.codes.components:
            return False
        codes = self.encryptor.codes
        codes.fit(self.codes[:known].float()[:, codes.group_of_layer])
        return True
