"""Recipe of the pack's encoder: e4e's losses (Tov et al., SIGGRAPH 2021) against the pack's finished generator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.checkpoint_files import read_checkpoint, state_dict_under
from riddle_pl.networks.latents import mix_styles
from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.packs.registry import load_pack
from riddle_pl.pretraining.average import Averaged
from riddle_pl.pretraining.faces import FaceSet, to_float
from riddle_pl.pretraining.recipe import PackRole, Recipe
from riddle_pl.pretraining.sheet import spread, stacked_rows

EVALUATION_BATCH = 64
START = "average_encoder.module."


class EncoderRecipe(Recipe):
    """Inversion of real faces (drawn again, they look the same) and of generated ones (their codes are known).

    Args:
        faces: training images, of the pack's size.
        held_out: images of the same archives that are never trained on.
        pack: folder of the pack whose generator, recogniser and perceptual features are used.
        start: checkpoint of the generator's recipe, whose encoder is the start; or null.
        channels: feature maps per resolution, from the pack's size down to 4.
        batch: real images per step, and as many generated ones.
        learning_rate: start of a cosine schedule to zero, Adam.
        pixel: weight of the mean absolute difference of real images.
        features: weight of the squared distance in the pack's perceptual features.
        identity: weight of 1 - cosine by the pack's recogniser.
        latent: weight of the error in the codes of generated images (in variances of W).
        offset: weight of the squared offsets from W of real images' codes (in variances of W).
    """

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
        learning_rate: float = 1e-3,
        pixel: float = 2.0,
        features: float = 1.0,
        identity: float = 0.5,
        latent: float = 0.5,
        offset: float = 0.01,
    ):
        super().__init__(seed, steps)
        loaded = load_pack(pack)
        self.faces = faces
        self.held_out = held_out
        self.batch = batch
        self.learning_rate = learning_rate
        self.weights = {
            "pixel": pixel,
            "features": features,
            "identity": identity,
            "latent": latent,
            "offset": offset,
        }
        self.channels = {int(side): int(width) for side, width in channels.items()}
        self.encoder = LiteEncoder(loaded.size, loaded.num_layers, self.channels)
        # In a tuple, so that these frozen networks stay out of the checkpoint.
        self._frozen = tuple(loaded.load(role) for role in ("generator", "perceptual", "recogniser"))
        if start is not None:
            self._start_from(Path(start))
        self.average = Averaged(self.encoder, half_life=10_000.0)
        generator = self._frozen[0]
        with torch.no_grad():
            w = generator.mapping(torch.randn(4096, 512, generator=torch.Generator().manual_seed(0)))  # type: ignore[operator]  # module typed loosely by the pack
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

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        optimizer = torch.optim.Adam(self.encoder.parameters(), lr=self.learning_rate, betas=(0.9, 0.99), fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: int, batch_idx: int) -> Tensor:
        step = self.next_step()
        generator, perceptual, recogniser = (network.to(self.device) for network in self._frozen)
        real = self.faces.batch(self.batch, self.seed, step).to(self.device, memory_format=torch.channels_last)
        with torch.no_grad():
            w = self._codes(generator, step)
            people = generator(w)
        base, offsets = self.encoder.split(torch.cat([real, people.to(real.dtype)]))
        codes = torch.cat([base, base + offsets], dim=1).float()
        redrawn = generator(codes[: self.batch]).float()
        with torch.no_grad():
            seen, known = perceptual(real), recogniser(real)
        terms = {
            "pixel": F.l1_loss(redrawn, real),
            "features": torch.stack(
                [(a - b).float().square().sum(dim=1).mean() for a, b in zip(perceptual(redrawn), seen, strict=True)]
            ).mean(),
            "identity": (1.0 - (recogniser(redrawn).float() * known.float()).sum(dim=1)).mean(),
            "latent": F.mse_loss(codes[self.batch :], w.float()) / self.variance,
            "offset": offsets[: self.batch].float().square().mean() / self.variance,
        }
        self.log_dict({f"loss/{name}": value for name, value in terms.items()}, prog_bar=True)
        return torch.stack([self.weights[name] * value for name, value in terms.items()]).sum()

    def _codes(self, generator: nn.Module, step: int) -> Float[Tensor, "b n 512"]:
        """Codes of random people, half of them mixed from two."""
        rng = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        z = torch.randn(2 * self.batch, 512, generator=rng).to(self.device)
        first, second = generator.mapping(z).chunk(2)  # type: ignore[operator]  # module typed loosely by the pack
        layers = self.encoder.num_layers
        crossover = torch.randint(1, 2 * layers, (self.batch, 1), generator=rng).to(self.device)
        return mix_styles(first, second, crossover, layers)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        super().optimizer_step(*args, **kwargs)
        self.average.update(self.encoder, self.batch)  # here, since checkpoints are saved before on_train_batch_end

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
        args = {
            "size": self.encoder.size,
            "num_layers": self.encoder.num_layers,
            "channels": {str(side): width for side, width in self.channels.items()},
        }
        description = f"""
Inversion encoder in the manner of e4e: aligned faces of {self.encoder.size} px to W+ codes of this pack's generator.
Trained on {len(self.faces):,} real and synthetic faces (All-Age-Faces, CelebA, synthetic people; LFW is not among
them) and on generated people.

An inversion resembles the photo; glasses, hats, hands, strong make-up and profile views are lost. Identity is only
partly kept: see the figures.
"""
        return [PackRole("encoder", self.average.module, "lite_encoder", args, description)]
