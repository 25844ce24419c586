"""``recipe=code_model``: fits the code model of the padded encryptor."""

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from riddle_pl.data.face_set import FaceSet, to_float
from riddle_pl.errors import ConfigError
from riddle_pl.inversion import Inversion, OptimisedInversion
from riddle_pl.networks.encryptors.context_reader import SIDE as AROUND
from riddle_pl.networks.encryptors.padded import PaddedEncryptor
from riddle_pl.password import KeyStream
from riddle_pl.photos.paste.mask import ParserMap
from riddle_pl.photos.without_face import without_face
from riddle_pl.pretraining.context_fit import ContextFit, read_all
from riddle_pl.pretraining.public_axes import PublicDirections
from riddle_pl.pretraining.recipe import PackRole, Recipe

SAMPLES = 48
REFINED_AT_ONCE = 10
"""Faces per step."""
HELD_OUT = 10
"""One held-out face is refined per this many training faces."""
ROLE = "encryptor-padded"
DRAWN = 1500
"""Generated faces for the public directions."""
AROUND_AT_ONCE = 500
"""Batch of photos without faces."""
SIDE = 128
"""Preferred side of generated images in pixels."""


class CodeModelRecipe(Recipe):
    """Inverts faces, a batch per step, and fits the padded encryptor's model to their codes.

    Principal components and Gaussianisation are fitted to the encoder's codes of all faces. Some faces are also refined
    inside of these components, which takes a hundred times as long; a last, linear layer adapts the model to refined
    codes. Finally the context network is trained on the other faces, and the residual covariance is fitted on the
    refined ones.

    An interrupted run resumes. A finished run refits its stored codes with other ``layers``, ``public`` or ``context``
    (and ``components``, if nothing was refined).

    Args:
        faces: training faces.
        held_out: other faces, for evaluation.
        inversion: of all faces; has the pack.
        refined: inversion of some faces inside of the components; null: none.
        refined_count: number of refined faces.
        groups: sizes of the groups of layers that are equal in every code; null: every layer is a group.
        components: K, coordinates of a code.
        layers: of Gaussianisation after the principal components.
        public: directions of unencrypted coordinates.
        context: training of the context network; null: no context.
        count: largest number of faces; null: all.
        batch: faces per step.
        seed: of the choice of faces.

    Raises:
        ConfigError: fewer faces than coordinates, or groups that are not of this generator.
    """

    roles = (ROLE,)

    codes: Tensor
    refined_codes: Tensor

    def __init__(
        self,
        faces: FaceSet,
        held_out: FaceSet,
        inversion: Inversion,
        refined: OptimisedInversion | None,
        refined_count: int,
        groups: Sequence[int] | None,
        components: int,
        layers: int,
        public: PublicDirections,
        context: ContextFit | None,
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
        n = inversion.pack.num_layers
        sizes = tuple(groups) if groups is not None else (1,) * n
        if sum(sizes) != n or min(sizes) < 1:
            raise ConfigError(f"recipe.groups={list(sizes)} sum to {sum(sizes)}; expected {n} layers")
        if public.count >= components or layers < 0:
            raise ConfigError(
                f"recipe.public.count={public.count} and recipe.layers={layers}; give less than {components}, and at "
                "least 0"
            )
        if refined is not None and not 2 <= refined_count <= number:
            raise ConfigError(f"recipe.refined_count={refined_count}; give 2 to {number}, the faces that there are")
        if context is not None and refined is not None and refined_count == number:
            raise ConfigError(
                f"recipe.refined_count={refined_count} are all faces; contexts are learned from the others: give less"
            )
        rng = torch.Generator().manual_seed(seed)
        order, others = (torch.randperm(len(images), generator=rng) for images in (faces, held_out))
        images = torch.cat([faces.images[order[:number]], held_out.images[others]])
        again = 0 if refined is None else refined_count
        chosen = torch.cat([images[:again], images[number : number + again // HELD_OUT]])
        self.read_steps = math.ceil(len(images) / batch)
        super().__init__(seed, steps=self.read_steps + math.ceil(len(chosen) / REFINED_AT_ONCE))
        self.inversion = inversion
        self.refined = refined
        self.refined_images = chosen
        self.refined_count = again
        self.images = images
        self.fitted = number
        self.batch = batch
        self.sources = faces.sources()
        self.public = public
        self.explained = 0.0
        self.context = context
        self._fitted_at = -1
        self._known = 0
        self._encryptor = (  # in a tuple, so that a checkpoint holds only codes
            PaddedEncryptor(
                n,
                components,
                sizes,
                public=public.count,
                layers=layers + (refined is not None),
                context=context.channels if context else 0,
            ),
        )
        shape = self.encryptor.codes.mean.shape
        self.register_buffer("codes", torch.zeros(len(images), *shape, dtype=torch.float16))
        self.register_buffer("refined_codes", torch.zeros(len(chosen), *shape, dtype=torch.float16))
        self.automatic_optimization = False

    @property
    def encryptor(self) -> PaddedEncryptor:
        """The encryptor with the last fitted model."""
        return self._encryptor[0]

    def training_step(self, batch: int, batch_idx: int) -> None:
        """Codes of one batch of faces."""
        step = self.next_step()
        if step < self.read_steps:
            self._invert(self.inversion, self.images, self.codes, step * self.batch, self.batch)
        elif self.refined is not None:
            first = (step - self.read_steps) * REFINED_AT_ONCE
            self._invert(self._refining(self.refined), self.refined_images, self.refined_codes, first, REFINED_AT_ONCE)

    def _invert(
        self,
        inversion: Inversion,
        images: UInt8[Tensor, "m 3 h h"],
        codes: Float[Tensor, "m g d"],
        first: int,
        count: int,
    ) -> None:
        part = slice(first, first + count)
        codes[part] = self.encryptor.codes.grouped(inversion(to_float(images[part]))).to(codes)

    def _refining(self, refined: OptimisedInversion) -> OptimisedInversion:
        self._fit_components()
        refined.code_model = self.encryptor.codes
        return refined

    @torch.no_grad()
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """Samples of the model; black before there are enough codes."""
        if not self._fit():
            return torch.full((SAMPLES, 3, SIDE, SIDE), -1.0)
        return self._draw(SAMPLES, self.seed + 1)[1]

    def figures(self) -> Mapping[str, float]:
        """Fit of the model on training and held-out codes."""
        self._fit()
        codes = self.encryptor.codes
        figures = {}
        for name, part in self._parts():
            principal = codes.encode_grouped(part)
            around = (part.double() - codes.mean.double()).square().sum(dim=(1, 2)).mean()
            inside = (principal @ codes.basis.double()).square().sum(dim=1).mean()
            of = f"of {len(part):,} {name} codes"
            figures[f"share of the variance {of} in the {codes.components} components"] = float(inside / around)
            v = self.encryptor.flow(principal)
            figures[f"mean square of a coordinate {of} (the model's draws: 1)"] = float(v.square().mean())
            figures[f"kurtosis of a coordinate {of} (the model's draws: 3)"] = float(
                (v.pow(4).mean(dim=0) / v.square().mean(dim=0).square()).mean()
            )
        if self.encryptor.reader is not None:
            figures |= self._context_figures()
        if self.encryptor.public:
            figures[f"share of landmarks and colours that the {self.encryptor.public} public coordinates tell"] = (
                self.explained
            )
        return figures

    def _parts(self) -> list[tuple[str, Float[Tensor, "m g d"]]]:
        """Training and held-out codes."""
        if self.refined is None:
            return [("fitted", self.codes[: self.fitted]), ("held-out", self.codes[self.fitted :])]
        count = self.refined_count
        return [("refined", self.refined_codes[:count]), ("refined held-out", self.refined_codes[count:])]

    def pack_roles(self) -> list[PackRole]:
        self._fit()
        codes, public = self.encryptor.codes, self.encryptor.public
        args = {
            "num_layers": codes.num_layers,
            "components": codes.components,
            "groups": list(codes.groups),
            "public": public,
            "layers": len(self.encryptor.flow.rotations),
            "context": self.context.channels if self.context else 0,
        }
        along = "those along which landmarks and colours of drawn faces change most"
        in_clear = f"\n{public} coordinates, {along}, stay in clear." if public else ""
        if self.context:
            in_clear += (
                "\nWhat the photo around the face tells of the coordinates is in clear, and only the rest is padded."
            )
        refined = (
            ""
            if self.refined is None
            else f",\nand its last layer to what `invert={self.refined.name} invert.code_model={ROLE}` finds for "
            f"{self.refined_count:,} of them"
        )
        description = f"""
Padded encryptor (`encryptor=padded`): coordinates of a code in its {codes.components} leading principal components,
made normal by {args["layers"]} layers of Gaussianisation and padded by the key stream.{in_clear}

The model is fitted to codes that `invert={self.inversion.name}` finds for {self.fitted:,} faces of
{self.sources}{refined}; it is meant for codes that are found in this way.
What is proven of it and what is only measured: docs/security.md.
"""
        return [PackRole(ROLE, self.encryptor, "padded", args, description, torch.float32, tokens=KeyStream.name)]

    def _fit(self) -> bool:
        """Fits the model to the codes so far, if there are enough; public axes only at the end."""
        if not self._fit_components():
            return False
        if int(self.step_count) == self._fitted_at:
            return True
        self._fitted_at = int(self.step_count)
        codes, flow = self.encryptor.codes, self.encryptor.flow
        if self.refined is None or not self.finished:
            flow.fit(codes.encode_grouped(self.codes[: self._known]), self.seed)
        else:
            flow.fit(codes.encode_grouped(self.codes[: self._known]), self.seed, len(flow.rotations) - 1)
            flow.whiten(codes.encode_grouped(self.refined_codes[: self.refined_count]))
        if self.finished and self.public.count:
            axes, self.explained = self.public.axes(*self._draw(DRAWN, self.seed + 2))
            self.encryptor.axes.copy_(axes)
        if self.finished and self.context is not None:
            self._fit_context(self.context)
        return True

    def _fit_context(self, context: ContextFit) -> None:
        reader = self.encryptor.reader
        if reader is None:
            return
        kept = self.refined_count or max(4, self.fitted // HELD_OUT)
        around, v = self._around(self.images[kept : self.fitted]), self._normal(self.codes[kept : self.fitted])
        context.train(reader, around, v, self.seed)
        found = self.codes if self.refined is None else self.refined_codes
        context.finish(self.encryptor, self._around(self.images[:kept]), self._normal(found[:kept]))

    def _around(self, images: UInt8[Tensor, "m 3 h h"]) -> Float[Tensor, "m 4 s s"]:
        """Photos without their faces."""
        parser = ParserMap(self.inversion.pack, self.device)
        parts = images.split(AROUND_AT_ONCE)
        return torch.cat([without_face(to_float(part), parser, AROUND).half() for part in parts])

    def _normal(self, codes: Float[Tensor, "m g d"]) -> Float[Tensor, "m k"]:
        """Normalised components of codes."""
        parts = codes.split(AROUND_AT_ONCE)
        return torch.cat([self.encryptor.flow(self.encryptor.codes.encode_grouped(part)) for part in parts])

    def _context_figures(self) -> Mapping[str, float]:
        """Figures of the context network on held-out faces."""
        reader, count = self.encryptor.reader, len(self.refined_codes) - self.refined_count
        if reader is None or count < 2:
            return {}
        around = self._around(self.refined_images[self.refined_count :])
        v = self._normal(self.refined_codes[self.refined_count :])
        left = torch.linalg.solve_triangular(
            self.encryptor.residual.double(), (v - read_all(reader, around).double()).T, upper=False
        )
        volume = self.encryptor.residual.double().diagonal().log().sum() / math.log(2.0)
        return {
            f"mean square of what {count} refined held-out photos do not tell of a coordinate (the model's draws: 1)": (
                float(left.square().mean())
            ),
            "bits that a photo tells of its face's code, by the model": -float(volume),
        }

    def _fit_components(self) -> bool:
        """Fits the principal components to the encoder's codes so far, if there are enough."""
        known = min(int(self.step_count) * self.batch, self.fitted)
        if known > self.encryptor.codes.components and known != self._known:
            self._known = known
            self.encryptor.codes.fit(self.codes[:known])
        return self._known > 0

    def _draw(self, count: int, seed: int) -> tuple[Float[Tensor, "n k"], Float[Tensor, "n 3 h w"]]:
        """Samples of the model: normalised components and images."""
        v = torch.randn(count, self.encryptor.codes.components, generator=torch.Generator().manual_seed(seed))
        pack = self.inversion.pack
        generator = pack.at(min(pack.manifest.sizes, key=lambda size: abs(size - SIDE))).generator()
        w = self.encryptor.codes.decode(self.encryptor.flow.inverse(v))
        return v, torch.cat([generator(part).clamp(-1.0, 1.0) for part in w.split(8)])
