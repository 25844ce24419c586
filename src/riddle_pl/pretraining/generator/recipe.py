"""Recipe of the pack's generator: StyleGAN2 with DiffAugment, lazy R1 and path-length regularisation, EMA.

An inversion encoder is trained jointly with a reconstruction loss, which speeds up training at low compute and keeps
real faces invertible. The encoder is variational (Kingma and Welling, ICLR 2014; one variance for all images), with the
Gaussian W as prior. Once the discriminator is active, the generator is also trained on randomly reflected codes of real
faces, as encryption produces them, to generate other identities.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor, nn

from riddle_pl.data.face_set import FaceSet
from riddle_pl.errors import ConfigError
from riddle_pl.networks.latents import mix_styles
from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.pretraining.average import Averaged
from riddle_pl.pretraining.encoder import encoder_role
from riddle_pl.pretraining.generator.augment import Augmentation
from riddle_pl.pretraining.generator.discriminator import Discriminator
from riddle_pl.pretraining.generator.gaussian_mapping import REACH, Whitening, set_gaussian_mapping
from riddle_pl.pretraining.generator.perceptual import feature_difference, perceptual_role
from riddle_pl.pretraining.generator.reflection import RandomReflection
from riddle_pl.pretraining.generator.regularisation import PathLengthPenalty, R1Penalty
from riddle_pl.pretraining.generator.settings import Drawing, Judging, Weights
from riddle_pl.pretraining.generator.start import silence_noise, start_from
from riddle_pl.pretraining.identity_terms import identity_cosine, identity_loss, public_recogniser
from riddle_pl.pretraining.recipe import PackRole, Recipe

SAMPLE_COUNT = 48


@dataclass(frozen=True)
class GeneratedBatch:
    """Generated images of one step: random codes, reconstructions of real images, reflected codes.

    Attributes:
        images: all of them.
        counts: how many of each kind.
        w: the random codes.
        near_w: loss terms that keep codes of real images near W.
    """

    images: Float[Tensor, "b 3 h w"]
    counts: tuple[int, int, int]
    w: Float[Tensor, "p n 512"]
    near_w: Mapping[str, Tensor]

    def split(self, values: Float[Tensor, "b ..."]) -> tuple[Tensor, ...]:
        """Values by image, split by kind of image."""
        parts: tuple[Tensor, ...] = values.split(self.counts)
        return parts


class GeneratorRecipe(Recipe):
    """StyleGAN2 on aligned faces (Karras et al., CVPR 2020; Zhao et al., NeurIPS 2020 for the augmentation).

    Args:
        faces: training images, of the generator's size.
        size: side in pixels.
        channels: feature maps per resolution, of both networks; those above ``size`` are left out.
        batch: images per step, real and drawn alike.
        learning_rate: of Adam, both networks.
        weights: of the terms of generator and encoder.
        drawing: generated images per step, and regularisation of both.
        judging: training of the discriminator.
        teacher: checkpoint of a public MobileFaceNet (``068.ckpt`` format) for identity terms; or null, with
            the weights ``identity`` and ``apart`` 0.
        start_pack: pack of this size whose generator, encoder and perceptual features (the first blocks of the
            discriminator) are the start; or null.

    Raises:
        ConfigError: weight ``identity`` or ``apart`` without a ``teacher``, or ``redrawn`` and ``turned`` do not fit
            together or into the batch.
    """

    roles = ("generator", "perceptual", "encoder")

    def __init__(
        self,
        faces: FaceSet,
        size: int,
        channels: Mapping[int, int],
        batch: int,
        steps: int,
        seed: int,
        learning_rate: float = 2.5e-3,
        weights: Weights = Weights(),  # noqa: B008  # frozen
        drawing: Drawing = Drawing(),  # noqa: B008
        judging: Judging = Judging(),  # noqa: B008
        teacher: str | None = None,
        start_pack: str | None = None,
    ):
        super().__init__(seed, steps)
        for name, weight in (("identity", weights.identity), ("apart", weights.apart)):
            if weight > 0 and teacher is None:
                raise ConfigError(f"recipe.weights.{name} is {weight}, and there is no recipe.teacher: name its file")
        if not max(1, drawing.turned) <= drawing.redrawn <= batch - drawing.turned:
            raise ConfigError(
                f"recipe.drawing.redrawn is {drawing.redrawn}, with recipe.drawing.turned {drawing.turned} and "
                f"recipe.batch {batch}; expected at least 1, at least drawing.turned, both together at most the batch"
            )
        self.automatic_optimization = False
        self.faces = faces
        self.batch = batch
        self.learning_rate = learning_rate
        self.weights = asdict(weights)
        self.drawing = drawing
        self.judging = judging
        self.r1 = R1Penalty(judging.r1, judging.r1_every)
        self.path_length = PathLengthPenalty(drawing.path_length, drawing.path_length_every)
        self.augment = Augmentation(judging.augmentations)
        # in a tuple, so that the frozen network is not part of the checkpoint
        self._teachers = () if teacher is None else (public_recogniser(Path(teacher)),)
        self.channels = {int(side): int(width) for side, width in channels.items() if int(side) <= size}
        self.generator = Generator(size, self.channels)
        self.discriminator = Discriminator(size, self.channels)
        self.encoder = LiteEncoder(size, self.generator.num_layers, self.channels)
        self.turn = RandomReflection(self.generator.style_dim)
        self.log_spread = nn.Parameter(torch.full((self.generator.style_dim,), math.log(drawing.spread)))
        self.encoder.w_mean.fill_(REACH)
        if start_pack is not None:
            start_from(start_pack, self.generator, self.discriminator, self.encoder)
            self._whitening(self.encoder).apply(self.generator, self.encoder)
        set_gaussian_mapping(self.generator)
        silence_noise(self.generator)
        self.average = Averaged(self.generator, drawing.half_life)
        self.average_encoder = Averaged(self.encoder, drawing.half_life)
        self.register_buffer(
            "sample_z", torch.randn(SAMPLE_COUNT, 512, generator=torch.Generator().manual_seed(seed + 1))
        )

    sample_z: Tensor

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        drawing = [*self.generator.parameters(), *self.encoder.parameters(), self.log_spread]
        return [
            self.path_length.optimizer(drawing, self.learning_rate, momentum=0.5),
            self.r1.optimizer(self.discriminator.parameters(), self.learning_rate, momentum=0.0),
        ]

    def training_step(self, batch: int, batch_idx: int) -> None:
        step = self.next_step()
        drawing, judging = self.optimizers()  # type: ignore[attr-defined]  # Lightning's union type
        real = self.faces.batch(self.batch, self.seed, step, device=self.device)
        if step == self.judging.first_step:
            self._whiten()
        judged = step >= self.judging.first_step
        if judged:
            loss = self._judging_loss(real)
            self._step(judging, loss)
            if self.r1.due(step):
                self._step(judging, self.r1(lambda x: self.discriminator(self.augment(x)), real))
            self.log("loss/discriminator", loss, prog_bar=True)
        if not judged or step >= self.judging.first_step + self.judging.ahead:
            self._learn_to_draw(drawing, real, judged, step)
        self.log("kimg", (step + 1) * self.batch / 1000, prog_bar=True)

    def _learn_to_draw(
        self, drawing: LightningOptimizer, real: Float[Tensor, "b 3 h w"], judged: bool, step: int
    ) -> None:
        """Training step of generator and encoder."""
        self.toggle_optimizer(drawing)
        some = real[: self.drawing.redrawn]
        self._step(drawing, self._drawing_loss(some) if judged else self._redrawing_loss(real))
        if judged and self.path_length.due(step):
            w = self._codes(self.batch // 2)
            self._step(drawing, self.path_length(lambda w: self.generator(w, random_noise=True), w))
        self.untoggle_optimizer(drawing)
        self.average.update(self.generator, self.batch)
        self.average_encoder.update(self.encoder, self.batch)

    def _codes(self, batch: int) -> Float[Tensor, "b n 512"]:
        """W+ codes of random images; some mix the coarse layers of one code with the fine layers of another."""
        with torch.autocast(self.device.type, enabled=False):
            z = torch.randn(2 * batch, 512, device=self.device)
            first, second = self.generator.mapping(z).unflatten(0, (2, batch)).unbind()
        layers = self.generator.num_layers
        crossover = torch.randint(1, layers, (batch, 1), device=self.device)
        crossover[torch.rand(batch, 1, device=self.device) >= self.drawing.style_mixing] = layers
        return mix_styles(first, second, crossover, layers)

    def _step(self, optimizer: LightningOptimizer, loss: Tensor) -> None:
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()

    def _read(self, real: Float[Tensor, "r 3 h w"]) -> tuple[Float[Tensor, "r n 512"], dict[str, Tensor]]:
        """Codes of real images, sampled from the encoder's distribution, and its regularisation terms."""
        base, offsets = self.encoder.split(real)
        base, offsets = base.float(), offsets.float()
        spread = self.log_spread.exp()
        divergence = 0.5 * (spread.square() + (base - REACH).square() - 1.0) - self.log_spread
        base = base + spread * torch.randn_like(base)
        w_real = torch.cat([base, base + offsets], dim=1)
        self.turn.update(w_real)
        return w_real, {"kl": divergence.sum(dim=(1, 2)).mean(), "offset": offsets.square().mean()}

    def _draw(self, real: Float[Tensor, "r 3 h w"]) -> GeneratedBatch:
        """Generates a batch, with reconstructions of ``real``."""
        w = self._codes(self.batch - self.drawing.redrawn - self.drawing.turned)
        w_real, near_w = self._read(real)
        w_turned = self.turn(w_real[: self.drawing.turned])
        images = self.generator(torch.cat([w, w_real, w_turned]), random_noise=True)
        return GeneratedBatch(images, (len(w), len(real), self.drawing.turned), w, near_w)

    def _redrawing_loss(self, real: Float[Tensor, "r 3 h w"]) -> Float[Tensor, ""]:
        """Loss of the variational autoencoder."""
        w_real, terms = self._read(real)
        redrawn = self.generator(w_real, random_noise=True)
        terms |= self._reconstruction_terms(redrawn, real)
        for teacher in self._teachers:
            some = slice(self.drawing.redrawn)
            terms["identity"] = identity_loss(teacher.to(self.device), redrawn[some], real[some])
        return self._total(terms)

    def _reconstruction_terms(
        self, redrawn: Float[Tensor, "r 3 h w"], real: Float[Tensor, "r 3 h w"]
    ) -> dict[str, Tensor]:
        return {
            "pixel": F.l1_loss(redrawn.float(), real),
            "features": feature_difference(self.discriminator, redrawn, real),
        }

    def _total(self, terms: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        self.log_dict({f"loss/{name}": value for name, value in terms.items()}, prog_bar=True)
        return torch.stack([self.weights[name] * value.float() for name, value in terms.items()]).sum()

    def _drawing_loss(self, real: Float[Tensor, "r 3 h w"]) -> Float[Tensor, ""]:
        """Adversarial, reconstruction and code losses of generator and encoder."""
        drawn = self._draw(real)
        fake, redrawn, others = drawn.split(drawn.images)
        terms = {**drawn.near_w, **self._reconstruction_terms(redrawn, real)}
        verdict = F.softplus(-self.discriminator(self.augment(drawn.images)).float()).flatten(1).mean(dim=1)
        on_random, on_redrawn, on_turned = drawn.split(verdict)
        terms["adversarial_redrawn"] = on_redrawn.mean()
        if len(redrawn) < len(verdict):
            terms["adversarial"] = torch.cat([on_random, on_turned]).mean()
        if len(fake) > 0:
            terms["latent"] = F.mse_loss(self.encoder(fake.detach()).float(), drawn.w)
        for teacher in self._teachers:
            people, shown = torch.cat([redrawn, others]), torch.cat([real, real[: self.drawing.turned]])
            alike = identity_cosine(teacher.to(self.device), people, shown)
            terms["identity"] = (1.0 - alike[: len(real)]).mean()
            terms["apart"] = alike[len(real) :].relu().sum() / max(self.drawing.turned, 1)
        return self._total(terms)

    def _judging_loss(self, real: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
        """Loss of the discriminator."""
        with torch.no_grad():
            drawn = self._draw(real[: self.drawing.redrawn]).images
        scores = self.discriminator(self.augment(torch.cat([drawn.to(real.dtype), real])))
        score_drawn, score_real = scores.float().split([len(drawn), len(real)])
        return F.softplus(score_drawn).mean() + F.softplus(-score_real).mean()

    @torch.no_grad()
    def _whitening(self, encoder: LiteEncoder) -> Whitening:
        """Whitening of an encoder's codes of 2,048 training images."""
        real = self.faces.batch(2048, self.seed, -1, device=self.device).split(256)
        return Whitening.of(torch.cat([encoder(x) for x in real]).float().flatten(0, 1))

    @torch.no_grad()
    def _whiten(self) -> None:
        """Whitens the codes, and resets state that depends on the old coordinates."""
        change = self._whitening(self.encoder)
        change.apply(self.generator, self.encoder)
        change.apply(self.average.module, self.average_encoder.module)
        self.log_spread.fill_(math.log(self.drawing.spread))
        self.turn.seen.zero_()
        for optimizer in self.optimizers():  # type: ignore[union-attr]  # Lightning's union type
            optimizer.state.clear()

    @torch.no_grad()
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """Random samples (psi = 0.8), training faces, their reconstructions, and images of their reflected codes."""
        network = self.average.module
        mean = network.mean_w()
        w = mean + 0.8 * (network.mapping(self.sample_z) - mean)
        people: Tensor = network(network.broadcast(w))
        real = self.faces.batch(8, self.seed, -1, flip=False).to(people)
        w_real = self.average_encoder.module(real)
        return torch.cat([people, real, network(w_real), network(self.turn(w_real))])

    def pack_roles(self) -> list[PackRole]:
        """Generator, perceptual features, and the encoder, for packs in which ``recipe=encoder`` is not run."""
        generator, encoder, r1 = self.average.module, self.average_encoder.module, self.r1.weight
        data = f"{len(self.faces):,} images of {self.faces.sources()}"
        args = {"size": generator.size, "channels": {str(side): width for side, width in self.channels.items()}}
        of_generator = f"""
StyleGAN2 generator of {generator.size} px aligned faces (moving average of the weights), trained on
{data} (exact duplicates dropped, held-out share left out), with lazy R1
({r1}), path-length regularisation and an inversion encoder beside it. `riddle-audit` compares what it draws with
its training images.

Groups that are rare in these archives are drawn worse. Profile views, glasses, hats and hands are drawn badly. It is
small, and its faces show it.
"""
        of_encoder = f"""
Inversion encoder in the manner of e4e: aligned faces of {encoder.size} px to W+ codes of this pack's generator,
beside which it was trained, on {data}.

An inversion resembles the photo; glasses, hats, hands, strong make-up and profile views are lost. Identity is only
partly kept.
"""
        real = self.faces.batch(256, self.seed, -1, device=self.device)
        return [
            PackRole("generator", generator, "stylegan2", args, of_generator),
            perceptual_role(self.discriminator, self.channels, real),
            encoder_role(encoder, self.channels, of_encoder),
        ]
