"""Recipe of MobileStyleGAN's small heads: distillation from the whole network."""

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.face_set import recipe_rng
from riddle_pl.errors import ConfigError
from riddle_pl.losses.perceptual import perceptual_distance
from riddle_pl.networks.mobile_head import MobileHead
from riddle_pl.networks.mobile_stylegan import CHANNELS, MobileStyleGAN
from riddle_pl.packs.registry import load_pack
from riddle_pl.pretraining.mobile_pictures import SIDE, drawn_pictures
from riddle_pl.pretraining.optimiser import adam_with_warm_up
from riddle_pl.pretraining.recipe import PackRole, Recipe
from riddle_pl.pretraining.sheet import stacked_rows

EVALUATION_BATCH = 8
SHOWN = 16
CROP = 64
"""Side of the part of a picture, another in each step, whose perceptual features are compared: they cost more than the
head itself."""


class MobileHeadRecipe(Recipe):
    """Regression of the downsampled image of the whole network on features and codes.

    Images are generated once, in 0.7 s of one core each, and stored in ``drawn``; features are kept in memory (4 MB per
    image at 128 px, 8 MB at 256 px).

    Args:
        pack: whose generator is distilled and whose perceptual features are used.
        drawn: folder of the generated images.
        size: of the head's images, 128 or 256 px.
        pictures: number of training images.
        held_out: number of evaluation images.
        batch: images per step.
        width: channels inside the head.
        depth: convolutions of the head.
        learning_rate: of Adam, with warm-up and cosine decay to zero.
        pixel: weight of the mean absolute difference.
        squared: weight of the mean squared difference.
        features: weight of the squared distance in the pack's perceptual features.

    Raises:
        ConfigError: the pack's generator is of another architecture.
    """

    def __init__(
        self,
        pack: str,
        drawn: str,
        size: int,
        pictures: int,
        held_out: int,
        batch: int,
        steps: int,
        seed: int,
        width: int = 192,
        depth: int = 3,
        learning_rate: float = 2e-3,
        pixel: float = 1.0,
        squared: float = 4.0,
        features: float = 0.05,
    ):
        super().__init__(seed, steps)
        self.roles = (f"head-{size}",)
        generator = load_pack(pack, size=1024).generator()
        if not isinstance(generator, MobileStyleGAN):
            raise ConfigError(f"recipe.pack={pack} has a {type(generator).__name__}; heads are for MobileStyleGAN")
        self.args = {"size": size, "width": width, "depth": depth}
        self.head = MobileHead(**self.args)
        self.learning_rate = learning_rate
        self.weights = {"pixel": pixel, "squared": squared, "features": features}
        self.batch = batch
        self.held_out = held_out
        # In tuples, so that frozen networks and data stay out of the checkpoint.
        self._perceptual = (load_pack(pack).load("perceptual"),)
        codes, targets = drawn_pictures(generator, pictures + held_out, seed, Path(drawn))
        inner = [generator.features(w, self.head.blocks).half() for w in codes.split(EVALUATION_BATCH)]
        self._data = (codes, targets, torch.cat(inner))

    def configure_optimizers(self) -> tuple[list[torch.optim.Optimizer], list[torch.optim.lr_scheduler.LRScheduler]]:
        return adam_with_warm_up(self.head, self.learning_rate, self.steps)

    def training_step(self, batch: int, batch_idx: int) -> Tensor:
        rng = recipe_rng(self.seed, self.next_step())
        chosen = torch.randint(len(self._data[0]) - self.held_out, (self.batch,), generator=rng) + self.held_out
        drawn, target = self._draw(chosen), self._target(chosen)
        top, left = torch.randint(self.head.size - CROP + 1, (2,), generator=rng).tolist()
        crop = (..., slice(top, top + CROP), slice(left, left + CROP))
        with torch.no_grad():
            seen = self._perceptual[0](target[crop])
        terms = {
            "pixel": F.l1_loss(drawn, target),
            "squared": F.mse_loss(drawn, target),
            "features": perceptual_distance(seen, self._perceptual[0](drawn[crop])).mean(),
        }
        self.log_dict({f"loss/{name}": value for name, value in terms.items()}, prog_bar=True)
        return torch.stack([self.weights[name] * value for name, value in terms.items()]).sum()

    def _draw(self, chosen: Tensor) -> Float[Tensor, "b 3 h h"]:
        codes, _, inner = self._data
        image: Tensor = self.head(inner[chosen].float(), codes[chosen])
        return image

    def _target(self, chosen: Tensor) -> Float[Tensor, "b 3 h h"]:
        pictures = self._data[1][chosen].float() / 127.5 - 1.0
        return F.avg_pool2d(pictures, SIDE // self.head.size)

    @torch.no_grad()
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """Held-out pictures of the whole network, each row above the head's."""
        first = torch.arange(min(SHOWN, self.held_out))
        return stacked_rows(self._target(first), self._draw(first))

    @torch.no_grad()
    def figures(self) -> Mapping[str, float]:
        errors, distances, variances = [], [], []
        for chosen in torch.arange(self.held_out).split(EVALUATION_BATCH):
            drawn, target = self._draw(chosen).clamp(-1, 1), self._target(chosen)
            errors.append((drawn - target).square().mean(dim=(1, 2, 3)))
            variances.append(target.var(dim=(2, 3), unbiased=False).mean(dim=1))
            distances.append(perceptual_distance(self._perceptual[0](target), self._perceptual[0](drawn)))
        error = torch.cat(errors)
        name = f"{self.held_out} held-out pictures"
        return {
            f"PSNR in dB against the whole network, mean over {name}": float((-10 * (error / 4).log10()).mean()),
            f"PSNR of the mean squared error over {name}": float(-10 * (error.mean() / 4).log10()),
            f"R² within a picture, {name}": float(1 - error.mean() / torch.cat(variances).mean()),
            f"distance in pack_features, {name}": float(torch.cat(distances).mean()),
        }

    def pack_roles(self) -> list[PackRole]:
        size = self.head.size
        description = f"""
Draws {size} px from the features at {size // 2} px of this pack's generator, in place of its last
{len(CHANNELS) - self.head.blocks} blocks: distilled against the whole network's pictures, averaged down from 1024 px,
on {len(self._data[0]) - self.held_out:,} drawn people (truncation 0.5 to 1, half of them style-mixed, with offsets from
W). No photo took part.
"""
        return [PackRole(self.roles[0], self.head, "mobile_head", self.args, description)]
