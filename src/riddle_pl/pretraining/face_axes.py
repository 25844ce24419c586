"""``recipe=face_axes``: which coordinates of a padded encryptor draw the face, and which what is around it."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.networks.encryptors.padded import PaddedEncryptor
from riddle_pl.networks.face_axes import FaceAxes
from riddle_pl.packs import Pack
from riddle_pl.photos.paste.mask import ParserMap
from riddle_pl.pretraining.recipe import PackRole, Recipe

CELLS = 32
"""Pictures are compared on a grid of so many cells along each side."""
STEP = 0.4
"""Of the finite differences, in coordinates."""
SAMPLES = 16


class FaceAxesRecipe(Recipe):
    """Measures, for one drawn person a step, what each coordinate moves. Nothing has a gradient.

    People are drawn in contexts, as faces of photos have them. By finite differences in every coordinate: the pixels of
    the face, those around it, and the recogniser's embedding. See :meth:`FaceAxes.fit` for what is made of them.

    Args:
        pack: generator, recogniser, parser and the encryptor; drawn at its smallest size.
        encryptor: role of a padded encryptor that reads contexts.
        people: steps.
        kept: k, dimensions of the subspace.
        identity: weight of the embedding against the pixels of the face.
        around: weight of what is moved around the face.
        batch: pictures at a time.
        seed: of the people.

    Raises:
        ConfigError: a number is out of range, or the encryptor is another one.
    """

    roles = ("face_axes",)

    face: Tensor
    surroundings: Tensor
    embedding: Tensor

    def __init__(
        self,
        pack: Pack,
        encryptor: str,
        people: int,
        kept: int,
        identity: float,
        around: float,
        batch: int,
        seed: int,
    ):
        if people < 1 or batch < 1 or identity < 0 or around < 0:
            raise ConfigError(
                f"recipe has people={people}, batch={batch}, identity={identity}, around={around}; expected at least 1 "
                "of each and no negative weight"
            )
        super().__init__(seed, steps=people)
        network = pack.load(encryptor)
        if not isinstance(network, PaddedEncryptor) or network.reader is None:
            raise ConfigError(f"recipe.encryptor={encryptor} of pack {pack.name} is no padded encryptor with contexts")
        components = network.codes.components
        if not 1 <= kept <= components:
            raise ConfigError(f"recipe.kept={kept}; expected 1 to {components}, the encryptor's coordinates")
        small = pack.at(min(pack.manifest.sizes))
        self.identity, self.around, self.batch, self.kept = identity, around, batch, kept
        self._frozen = (network, small.generator(), pack.load("recogniser"))
        self._parser = (ParserMap(small),)
        for name in ("face", "surroundings", "embedding"):
            self.register_buffer(name, torch.zeros(components, components, dtype=torch.float64))
        self.automatic_optimization = False

    @torch.no_grad()
    def training_step(self, batch: int, batch_idx: int) -> None:
        """One person, and as many others as there are coordinates, each moved along one."""
        encryptor, c = self._person(self.next_step())
        recogniser, parser = self._frozen[2], self._parser[0]
        images = self._drawn(encryptor, torch.cat([c, c + STEP * torch.eye(c.shape[1], dtype=torch.float64)]))
        cells = F.adaptive_avg_pool2d(images, CELLS)
        inside = F.adaptive_avg_pool2d((parser(images[:1]) > 0.5).float(), CELLS).to(cells)
        seen = torch.cat([F.normalize(recogniser(part), dim=1) for part in images.split(self.batch)])
        moved = cells[1:] - cells[:1]
        for name, change in (
            ("face", moved * inside.sqrt()),
            ("surroundings", moved * (1.0 - inside).sqrt()),
            ("embedding", seen[1:] - seen[:1]),
        ):
            flat = change.flatten(1).double().to(self.face)
            self.get_buffer(name).add_(flat @ flat.T)

    def _person(self, number: int) -> tuple[PaddedEncryptor, Float64[Tensor, "1 k"]]:
        """An encryptor in a context as photos have them, and coordinates."""
        network = self._frozen[0]
        rng = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        known = torch.eye(network.codes.components, dtype=torch.float64)
        values, vectors = torch.linalg.eigh(known - network.residual.double() @ network.residual.double().T)
        context, c = torch.randn(2, 1, len(known), generator=rng, dtype=torch.float64)
        return network.given((context * values.clamp_min(0.0).sqrt()) @ vectors.T), c

    def _drawn(self, encryptor: PaddedEncryptor, c: Float64[Tensor, "m k"]) -> Float[Tensor, "m 3 h h"]:
        generator = self._frozen[1]
        return torch.cat([generator(encryptor.decode(part).float()).clamp(-1.0, 1.0) for part in c.split(self.batch)])

    @property
    def network(self) -> FaceAxes:
        """As it fits the people of the steps so far."""
        axes = FaceAxes(self.face.shape[0], self.kept)
        if int(self.step_count):
            face, around, embedding = (
                getattr(self, name) / getattr(self, name).trace() for name in ("face", "surroundings", "embedding")
            )
            axes.fit((face + self.identity * embedding) / (1.0 + self.identity), around, self.around)
        return axes

    @torch.no_grad()
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """The first people."""
        return torch.cat([self._drawn(*self._person(number)) for number in range(SAMPLES)])

    @torch.no_grad()
    def figures(self) -> Mapping[str, float]:
        axes = self.network.axes.double()
        names = {"face": "face's pixels", "surroundings": "pixels around it", "embedding": "recogniser's embedding"}
        return {
            f"share of what moves the {text} that lies along the axes": float(
                (axes @ getattr(self, name) @ axes.T).trace() / getattr(self, name).trace()
            )
            for name, text in names.items()
        }

    def pack_roles(self) -> list[PackRole]:
        network = self.network
        components = self.face.shape[0]
        description = f"""
Of the {components} coordinates of `encryptor-padded`, the {self.kept} directions that draw the face itself, measured on
{int(self.step_count)} people that its model draws. `invert=redrawn` keeps a code along them and draws the rest anew, so
that the right password does not draw the photo's own hair and background again.
"""
        args = {"components": components, "kept": self.kept}
        return [PackRole("face_axes", network, "face_axes", args, description, torch.float32)]
