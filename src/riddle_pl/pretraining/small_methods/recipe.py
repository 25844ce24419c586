"""What the three recipes share: a discriminator, the alternating steps, the terms and their weights."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from riddle_pl.data.face_set import FaceSet, recipe_rng, to_float
from riddle_pl.errors import ConfigError
from riddle_pl.networks.features import PackFeatures
from riddle_pl.packs import Pack
from riddle_pl.pretraining.average import Averaged, Network
from riddle_pl.pretraining.generator.discriminator import Discriminator
from riddle_pl.pretraining.generator.regularisation import R1Penalty
from riddle_pl.pretraining.generator.start import start_discriminator_from
from riddle_pl.pretraining.recipe import PackRole, Recipe

PARSED_AT_ONCE = 64
SHOWN, MEASURED = 8, 256
"""Held-out faces of a sample sheet, and of the card's figures."""
Drawn = tuple[Float[Tensor, "k 3 h h"], Mapping[str, Tensor]]
"""Images for the discriminator, and the other loss terms by name."""


class SmallMethodRecipe(Recipe, Generic[Network]):
    """Training of one network against a discriminator (non-saturating, R1), at the pack's size.

    The discriminator starts at the pack's perceptual features, which are the first blocks of such a one.

    Args:
        faces: training images, of the pack's size.
        held_out: images of the same archives that are never trained on.
        pack: its recogniser, parser and perceptual features are used; `export` is a copy of it.
        network: to train.
        widths: of the network, for the pack.
        batch: images per step.
        learning_rate: of Adam, both networks.
        weights: of the terms by name; ``adversarial`` is that of the discriminator's.
        r1: weight of the gradient penalty.
        r1_every: steps between two of it.

    Attributes:
        terms: that have a weight each, beside ``adversarial``.

    Raises:
        ConfigError: a weight is missing, or one too many; or the faces are not of the pack's size.
        PackError: the pack lacks a network, or its perceptual features are others than ``pack_features``.
    """

    terms: tuple[str, ...]

    def __init__(
        self,
        faces: FaceSet,
        held_out: FaceSet,
        pack: Pack,
        network: Network,
        widths: Sequence[int],
        batch: int,
        steps: int,
        seed: int,
        learning_rate: float,
        weights: Mapping[str, float],
        r1: float = 1.0,
        r1_every: int = 8,
    ):
        super().__init__(seed, steps)
        if set(weights) != {"adversarial", *self.terms}:
            expected = ", ".join(("adversarial", *self.terms))
            raise ConfigError(f"recipe.weights has {', '.join(weights) or 'none'}; expected {expected}")
        if (side := faces.images.shape[-1]) != pack.size:
            raise ConfigError(f"recipe.faces.size={side}, and pack {pack.name} has {pack.size} px: give both one size")
        self.automatic_optimization = False
        self.faces, self.held_out = faces, held_out
        self.widths = [int(width) for width in widths]
        self.batch, self.learning_rate, self.weights = batch, learning_rate, dict(weights)
        self.network = network.to(memory_format=torch.channels_last)
        self.average = Averaged(network, half_life=5_000.0)
        perceptual = pack.load_as("perceptual", PackFeatures)
        channels = perceptual.widths
        sides = [pack.size // 2**k for k in range(pack.size.bit_length()) if pack.size // 2**k >= 4]
        self.discriminator = Discriminator(
            pack.size, {side: channels[min(k, len(channels) - 1)] for k, side in enumerate(sides)}
        )
        start_discriminator_from(perceptual, self.discriminator, pack.name)
        self.discriminator.to(memory_format=torch.channels_last)
        self.r1 = R1Penalty(r1, r1_every)
        # in a tuple, so that frozen networks are not part of the checkpoint
        self._frozen = (pack.load("recogniser"), pack.load("parser"))

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        return [
            torch.optim.Adam(self.network.parameters(), self.learning_rate, betas=(0.5, 0.99), fused=True),
            self.r1.optimizer(self.discriminator.parameters(), self.learning_rate, momentum=0.0),
        ]

    def training_step(self, batch: int, batch_idx: int) -> None:
        step = self.next_step()
        drawing, judging = self.optimizers()  # type: ignore[attr-defined]  # Lightning's union type
        rng = recipe_rng(self.seed, step)
        chosen = torch.randint(len(self.faces), (2, self.batch), generator=rng)

        self.toggle_optimizer(drawing)
        fake, terms = self.draw(chosen[0], rng)
        terms = {"adversarial": F.softplus(-self.discriminator(fake).float()).mean(), **terms}
        drawing.zero_grad()
        self.manual_backward(torch.stack([self.weights[name] * value for name, value in terms.items()]).sum())
        drawing.step()
        self.untoggle_optimizer(drawing)
        self.average.update(self.network, self.batch)

        self.toggle_optimizer(judging)
        real = self.images(chosen[1])
        scores = self.discriminator(torch.cat([fake.detach(), real])).float()
        of_fake, of_real = scores.split([len(fake), len(real)])
        loss = F.softplus(of_fake).mean() + F.softplus(-of_real).mean()
        if self.r1.due(step):
            loss = loss + self.r1(self.discriminator, real)
        judging.zero_grad()
        self.manual_backward(loss)
        judging.step()
        self.untoggle_optimizer(judging)
        named = {f"loss/{name}": value for name, value in terms.items()}
        self.log_dict(named | {"loss/discriminator": loss}, prog_bar=True)

    @abstractmethod
    def draw(self, chosen: Tensor, rng: torch.Generator) -> Drawn:
        """One step of the network on the chosen training faces; random choices come from ``rng``."""

    @abstractmethod
    def rows(self, x: Float[Tensor, "b 3 h h"]) -> list[Float[Tensor, "b 3 h h"]]:
        """What the averaged network makes of faces, as rows of a sample sheet."""

    @property
    @abstractmethod
    def args(self) -> dict[str, Any]:
        """JSON arguments that build the network."""

    @property
    @abstractmethod
    def description(self) -> str:
        """For the model card."""

    def images(self, chosen: Tensor) -> Float[Tensor, "b 3 h h"]:
        """Training faces in [-1, 1], channels last, on the device."""
        x = to_float(self.faces.images[chosen].to(self.device))
        return x.contiguous(memory_format=torch.channels_last)

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        """Unit embeddings of the pack's recogniser; float32, since bfloat16 is slow for depthwise convolutions."""
        with torch.autocast(self.device.type, enabled=False):
            embedding: Tensor = self._frozen[0].to(self.device)(x.float())
        return embedding

    def logits(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b k h h"]:
        """Of the pack's parser."""
        found: Tensor = self._frozen[1].to(self.device)(x)
        return found.float()

    @torch.no_grad()
    def labels_of(self, images: UInt8[Tensor, "n 3 h h"]) -> UInt8[Tensor, "n h h"]:
        """Label maps of faces, by the pack's parser."""
        parts = (to_float(part.to(self.device)) for part in images.split(PARSED_AT_ONCE))
        return torch.cat([self.logits(part).argmax(dim=1).to("cpu", torch.uint8) for part in parts])

    @torch.no_grad()
    def samples(self) -> Float[Tensor, "n 3 h h"]:
        """Held-out faces, and below them what the network makes of them."""
        x = to_float(self.held_out.images[:SHOWN].to(self.device))
        return torch.cat([x, *self.rows(x)])

    def pack_roles(self) -> list[PackRole]:
        [role] = self.roles
        return [PackRole(role, self.average.module, role, self.args, self.description)]
