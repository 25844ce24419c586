"""Recipe of the pack's encoder: e4e's losses (Tov et al., SIGGRAPH 2021) with the trained generator."""

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.face_set import FaceSet, recipe_rng, to_float
from riddle_pl.errors import CheckpointError, ConfigError
from riddle_pl.networks.formats.checkpoint_files import load_strict, read_checkpoint, state_dict_under
from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.packs.registry import load_pack
from riddle_pl.pretraining.average import Averaged
from riddle_pl.pretraining.drawing import random_codes
from riddle_pl.pretraining.generator.discriminator import LatentDiscriminator
from riddle_pl.pretraining.identity_terms import identity_loss, public_recogniser
from riddle_pl.pretraining.recipe import PackRole, Recipe
from riddle_pl.pretraining.sheet import spread, stacked_rows

EVALUATION_BATCH = 64
START = "average_encoder.module."


class EncoderRecipe(Recipe):
    """Reconstruction loss on real faces, and code loss on generated ones.

    Args:
        faces: training images, of the pack's size.
        held_out: images of the same archives that are never trained on.
        pack: folder of the pack whose generator, recogniser and perceptual features are used.
        start: checkpoint of the generator's recipe with the initial encoder; or null.
        start_pack: pack with the initial encoder; or null.
        teacher: checkpoint of a public MobileFaceNet (``068.ckpt`` format) as a second recogniser of the identity term;
            or null.
        channels: feature maps per resolution, from the pack's size down to 4.
        batch: real images per step.
        generated: generated images per step.
        learning_rate: of Adam, with cosine decay to zero.
        pixel: weight of the mean absolute difference of real images.
        features: weight of the squared distance in the pack's perceptual features.
        identity: weight of 1 - cosine by the recognisers.
        latent: weight of the error in the codes of generated images (in variances of W).
        offset: weight of the squared offsets from W of real images' codes (in variances of W).
        alike: weight of the latent discriminator's loss, which keeps codes of real images near W.

    Raises:
        ConfigError: both ``start`` and ``start_pack``.
    """

    roles = ("encoder",)

    def __init__(
        self,
        faces: FaceSet,
        held_out: FaceSet,
        pack: str,
        channels: Mapping[int, int],
        batch: int,
        steps: int,
        seed: int,
        start: str | None = None,
        start_pack: str | None = None,
        teacher: str | None = None,
        generated: int = 16,
        learning_rate: float = 1e-3,
        pixel: float = 2.0,
        features: float = 1.0,
        identity: float = 0.5,
        latent: float = 0.5,
        offset: float = 0.01,
        alike: float = 0.1,
    ):
        super().__init__(seed, steps)
        if start is not None and start_pack is not None:
            raise ConfigError("recipe.start and recipe.start_pack both name a start; keep one")
        self.automatic_optimization = False
        loaded = load_pack(pack)
        self.faces = faces
        self.held_out = held_out
        self.batch = batch
        self.generated = generated
        self.learning_rate = learning_rate
        self.weights = {
            "pixel": pixel,
            "features": features,
            "identity": identity,
            "latent": latent,
            "offset": offset,
            "alike": alike,
        }
        self.channels = {int(side): int(width) for side, width in channels.items()}
        self.encoder = LiteEncoder(loaded.size, loaded.num_layers, self.channels)
        # in a tuple, so that frozen networks are not part of the checkpoint
        self._frozen = tuple(loaded.load(role) for role in ("generator", "perceptual", "recogniser"))
        self._teachers = () if teacher is None else (public_recogniser(Path(teacher)),)
        self.latent_discriminator = LatentDiscriminator(self._frozen[0].style_dim)  # type: ignore[arg-type]  # module typed loosely by the pack
        if start is not None:
            self._start_from(Path(start))
        if start_pack is not None:
            weights = load_pack(start_pack).load("encoder").state_dict()
            load_strict(self.encoder, weights, f"encoder of pack {start_pack}")
        self.average = Averaged(self.encoder, half_life=10_000.0)
        w = self._frozen[0].random_w(4096, seed=0)  # type: ignore[operator]  # module typed loosely by the pack
        self.variance = float(w.var(dim=0).mean())

    def _start_from(self, path: Path) -> None:
        state = state_dict_under(read_checkpoint(path), ["state_dict"], path)
        weights = {key.removeprefix(START): value for key, value in state.items() if key.startswith(START)}
        try:
            self.encoder.load_state_dict(weights)
        except RuntimeError as error:
            raise CheckpointError(
                f"{path} holds no encoder of this shape; give the generator recipe's last.ckpt"
            ) from error

    def configure_optimizers(self) -> tuple[list[torch.optim.Optimizer], list[torch.optim.lr_scheduler.LRScheduler]]:
        reading = torch.optim.Adam(self.encoder.parameters(), lr=self.learning_rate, betas=(0.9, 0.99), fused=True)
        judging = torch.optim.Adam(
            self.latent_discriminator.parameters(), lr=self.learning_rate, betas=(0.0, 0.99), fused=True
        )
        return [reading, judging], [torch.optim.lr_scheduler.CosineAnnealingLR(reading, self.steps)]

    def training_step(self, batch: int, batch_idx: int) -> None:
        step = self.next_step()
        reading, judging = self.optimizers()  # type: ignore[attr-defined]  # Lightning's union type
        generator = self._frozen[0].to(self.device)
        real = self.faces.batch(self.batch, self.seed, step, device=self.device)
        with torch.no_grad():
            rng = recipe_rng(self.seed, step)
            w = random_codes(generator, self.generated, rng, self.device)
            people = generator(w)
        base, offsets = self.encoder.split(torch.cat([real, people.to(real.dtype)]))
        codes = torch.cat([base, base + offsets], dim=1).float()
        w_real = codes[: self.batch]

        self.latent_discriminator.requires_grad_(False)
        terms = self._reconstruction_terms(generator(w_real).float(), real) | {
            "latent": F.mse_loss(codes[self.batch :], w.float()) / self.variance,
            "offset": offsets[: self.batch].float().square().mean() / self.variance,
            "alike": self.latent_discriminator.loss_real(w_real),
        }
        reading.zero_grad()
        self.manual_backward(torch.stack([self.weights[name] * value for name, value in terms.items()]).sum())
        reading.step()
        self.lr_schedulers().step()  # type: ignore[union-attr]  # one scheduler, no metric
        self.average.update(self.encoder, self.batch)

        self.latent_discriminator.requires_grad_(True)
        verdict = self.latent_discriminator.loss_drawn(w_real.detach()) + self.latent_discriminator.loss_real(w)
        judging.zero_grad()
        self.manual_backward(verdict)
        judging.step()
        self.log_dict({f"loss/{name}": value for name, value in terms.items()}, prog_bar=True)
        self.log("loss/latent_discriminator", verdict)

    def _reconstruction_terms(
        self, redrawn: Float[Tensor, "b 3 h w"], real: Float[Tensor, "b 3 h w"]
    ) -> dict[str, Tensor]:
        """Reconstruction losses."""
        perceptual = self._frozen[1].to(self.device)
        with torch.no_grad():
            seen = perceptual(real)
        return {
            "pixel": F.l1_loss(redrawn, real),
            "features": torch.stack(
                [(a - b).float().square().sum(dim=1).mean() for a, b in zip(perceptual(redrawn), seen, strict=True)]
            ).mean(),
            "identity": torch.stack(
                [identity_loss(judge.to(self.device), redrawn, real) for judge in (self._frozen[2], *self._teachers)]
            ).mean(),
        }

    @torch.no_grad()
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """Held-out faces, each row above its inversions."""
        real = to_float(self.held_out.images[spread(len(self.held_out), 32)]).to(self.device)
        redrawn = self._frozen[0](self.average.module(real)).float()
        return stacked_rows(real, redrawn)

    @torch.no_grad()
    def figures(self) -> Mapping[str, float]:
        generator, _, recogniser = (network.cpu() for network in self._frozen)
        errors, cosines = [], []
        for images in self.held_out.images.split(EVALUATION_BATCH):
            x = to_float(images)
            redrawn = generator(self.average.module.cpu()(x)).clamp(-1, 1)
            errors.append((redrawn - x).square().mean(dim=(1, 2, 3)) / 4)
            cosines.append((recogniser(redrawn) * recogniser(x)).sum(dim=1))
        count = len(self.held_out)
        return {
            f"PSNR of inversions in dB, {count} held-out images": float(-10 * torch.cat(errors).log10().mean()),
            f"cosine of photo and inversion by the pack's own recogniser, {count} held-out images": float(
                torch.cat(cosines).mean()
            ),
        }

    def pack_roles(self) -> list[PackRole]:
        description = f"""
Inversion encoder in the manner of e4e: aligned faces of {self.encoder.size} px to W+ codes of this pack's generator.
Trained on {len(self.faces):,} real and synthetic faces (All-Age-Faces, CelebA, synthetic people; LFW is not among
them) and on generated people.

An inversion resembles the photo; glasses, hats, hands, strong make-up and profile views are lost. Identity is only
partly kept: see the figures. `invert=refine` and `invert=optimise` go on from its code, towards the person.
"""
        return [encoder_role(self.average.module, self.channels, description)]


def encoder_role(encoder: LiteEncoder, channels: Mapping[int, int], description: str) -> PackRole:
    """An encoder as a pack's network.

    Args:
        encoder: the network.
        channels: feature maps per resolution, that it was built with.
        description: for its model card.
    """
    args = {
        "size": encoder.size,
        "num_layers": encoder.num_layers,
        "channels": {str(side): width for side, width in channels.items()},
    }
    return PackRole("encoder", encoder, "lite_encoder", args, description)
