"""Recipe of the pack's face parser: a small U-Net on photos with hand-drawn label maps."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from riddle_pl.data.face_set import recipe_rng
from riddle_pl.networks.affine import affine_maps
from riddle_pl.networks.parser_unet import CLASSES, FaceParserUNet
from riddle_pl.pretraining.average import Averaged
from riddle_pl.pretraining.label_maps import COLOURS, FINENESS, IGNORED, LABELS, MARGIN, LabelledFaces
from riddle_pl.pretraining.optimiser import adamw_one_cycle
from riddle_pl.pretraining.recipe import PackRole, Recipe
from riddle_pl.pretraining.recolour import augmented_pixels, fill_background
from riddle_pl.pretraining.sheet import spread, stacked_rows

ABSENT_LOGIT = -30.0
"""Constant logit of the classes that the label maps lack: never the largest, and no difference between images."""

EVALUATION_BATCH = 32
NAMES = {0: "background", 1: "skin", 2: "nose", 4: "eyes", 10: "mouth", 13: "hair"}


class ParserRecipe(Recipe):
    """U-Net with the 19 classes of CelebAMask-HQ, of which it learns the six that the label maps have.

    Both eyes are class 4, mouth and lips class 10, hair and brows class 13. The other classes have a constant logit.

    Args:
        faces: labelled training faces.
        held_out: labelled faces that are never trained on.
        widths: channels at full resolution, 1/2, 1/4, 1/8 and 1/16.
        batch: images per step.
        learning_rate: peak of a one-cycle schedule, AdamW.
        weight_decay: of convolution weights.
        shift: largest shift, as a share of the image's side.
        zoom: largest factor of scale, up or down.
        turn: largest rotation in degrees.
        new_background: probability that the background is replaced by random colours.
    """

    roles = ("parser",)

    def __init__(
        self,
        faces: LabelledFaces,
        held_out: LabelledFaces,
        widths: Sequence[int],
        batch: int,
        steps: int,
        seed: int,
        learning_rate: float = 4e-3,
        weight_decay: float = 0.02,
        shift: float = 0.1,
        zoom: float = 1.3,
        turn: float = 20.0,
        new_background: float = 0.5,
    ):
        super().__init__(seed, steps)
        self.faces = faces
        self.held_out = held_out
        self.widths = tuple(int(width) for width in widths)
        self.batch = batch
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.shift = shift
        self.zoom = zoom
        self.turn = turn
        self.new_background = new_background
        self.parser = FaceParserUNet(CLASSES, self.widths)
        absent = [label for label in range(CLASSES) if label not in LABELS]
        with torch.no_grad():
            self.parser.final.weight[absent] = 0.0
            if self.parser.final.bias is not None:
                self.parser.final.bias[absent] = ABSENT_LOGIT
        self.average = Averaged(self.parser, half_life=10_000.0)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        kernels = [p for p in self.parser.parameters() if p.ndim > 1]
        others = [p for p in self.parser.parameters() if p.ndim == 1]
        groups = [{"params": kernels, "weight_decay": self.weight_decay}, {"params": others}]
        return adamw_one_cycle(groups, self.learning_rate, self.steps)

    def training_step(self, batch: int, batch_idx: int) -> Tensor:
        x, labels = self.draw(self.next_step())
        logits = self.parser(x.to(self.device, memory_format=torch.channels_last)).float()
        loss = F.cross_entropy(logits[:, LABELS], _indices(labels).to(self.device), ignore_index=IGNORED)
        self.log("loss/cross_entropy", loss, prog_bar=True)
        return loss

    def draw(self, step: int) -> tuple[Float[Tensor, "b 3 h h"], UInt8[Tensor, "b h h"]]:
        """Augmented images in [-1, 1] and labels of one step; deterministic given seed and step."""
        rng = recipe_rng(self.seed, step)
        chosen = torch.randint(len(self.faces), (self.batch,), generator=rng)
        x, labels = crop(self.faces, chosen, self._motions(rng))
        outside = labels == IGNORED
        refilled = torch.rand(self.batch, 1, 1, generator=rng) < self.new_background
        x = fill_background(x, outside | (refilled & (labels == 0)), rng)
        return augmented_pixels(x, rng), labels

    def _motions(self, rng: torch.Generator) -> Float[Tensor, "b 2 3"]:
        """Random affine maps from the parser's image to the aligned face, both from -1 to 1; half of them mirror."""

        def uniform(reach: float) -> Tensor:
            return reach * (2.0 * torch.rand(self.batch, generator=rng) - 1.0)

        scale = torch.exp(uniform(math.log(self.zoom)))
        angle = uniform(math.radians(self.turn))
        mirror = 1.0 - 2.0 * (torch.rand(self.batch, generator=rng) < 0.5).float()
        shift = torch.stack([uniform(2.0 * self.shift), uniform(2.0 * self.shift)], dim=1)
        return affine_maps(angle, scale, mirror, shift)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        super().optimizer_step(*args, **kwargs)
        self.average.update(self.parser, self.batch)  # here, since checkpoints are saved before on_train_batch_end

    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """Held-out faces, below each its label map, and below that the prediction."""
        chosen = torch.arange(len(self.held_out))[spread(len(self.held_out), 32)]
        x, labels = crop(self.held_out, chosen)
        return stacked_rows(x, in_colours(labels), in_colours(self._predict(x)))

    @torch.no_grad()
    def _predict(self, x: Float[Tensor, "b 3 h h"]) -> UInt8[Tensor, "b h h"]:
        labels: Tensor = self.average.module(x.to(self.device)).argmax(dim=1).to("cpu", torch.uint8)
        return labels

    def figures(self) -> Mapping[str, float]:
        shared, either = (pixels.sum(dim=0) for pixels in overlaps(self.held_out, self._predict))
        photos = f"{len(self.held_out)} held-out photos"
        iou = {NAMES[label]: float(shared[label] / either[label].clamp_min(1.0)) for label in LABELS}
        return {f"IoU of {name}, {photos}": value for name, value in iou.items()} | {
            f"mean IoU, {photos}": sum(iou.values()) / len(iou)
        }

    def pack_roles(self) -> list[PackRole]:
        args = {"classes": CLASSES, "widths": list(self.widths)}
        skipped = self.faces.faceless + self.held_out.faceless
        description = f"""
U-Net face parser for aligned faces of {self.faces.size} px, with the {CLASSES} classes of CelebAMask-HQ.
Trained on {len(self.faces)} photos with hand-drawn label maps (FASSEG V2 and V3, research use; duplicates dropped,
{skipped} photos skipped in which no face was detected), shifted, turned, scaled, mirrored and recoloured at random.
People whom the names of the photos tell apart are either trained on or held out; most held-out photos show two of them.

It knows six classes: background 0, skin with ears and neck 1, nose 2, both eyes 4, mouth with lips 10, hair with
brows 13. Glasses, hats and clothes are no classes of their own; the logits of the other 13 classes are constant. Most
photos show few people in one studio, many of them from the side. Other groups of people, children, beards and strong
light are rare among them. Fair hair is often taken for skin, and a restless background for hair.
"""
        return [PackRole("parser", self.average.module, "parser_unet", args, description)]


def crop(
    faces: LabelledFaces, chosen: Tensor, motions: Float[Tensor, "b 2 3"] | None = None
) -> tuple[Float[Tensor, "b 3 h h"], UInt8[Tensor, "b h h"]]:
    """Images in [-1, 1] and labels of the chosen faces, each warped by an affine map, if given."""
    size = faces.size
    if motions is None:
        motions = torch.eye(2, 3).expand(len(chosen), 2, 3)
    maps = motions / MARGIN
    fine = F.affine_grid(maps, [len(chosen), 1, size * FINENESS, size * FINENESS], align_corners=False)
    x = F.grid_sample(faces.images[chosen].float(), fine, padding_mode="border", align_corners=False)
    coarse = F.affine_grid(maps, [len(chosen), 1, size, size], align_corners=False)
    present = faces.labels[chosen][:, None].float() - IGNORED  # so that zeros, from beyond the crop, mean IGNORED
    labels = F.grid_sample(present, coarse, mode="nearest", align_corners=False) + IGNORED
    return F.avg_pool2d(x, FINENESS) / 127.5 - 1.0, labels[:, 0].to(torch.uint8)


def overlaps(
    faces: LabelledFaces, predict: Callable[[Float[Tensor, "b 3 h h"]], UInt8[Tensor, "b h h"]]
) -> tuple[Float[Tensor, "n classes"], Float[Tensor, "n classes"]]:
    """Pixels of each photo and class on which labels and prediction agree, and those that either of the two has."""
    shared, either = torch.zeros(len(faces), CLASSES), torch.zeros(len(faces), CLASSES)
    for chosen in torch.arange(len(faces)).split(EVALUATION_BATCH):
        x, labels = crop(faces, chosen)
        predicted = torch.where(labels == IGNORED, labels, predict(x))
        for label in LABELS:
            here, there = labels == label, predicted == label
            shared[chosen, label] = (here & there).sum(dim=(1, 2)).float()
            either[chosen, label] = (here | there).sum(dim=(1, 2)).float()
    return shared, either


def _indices(labels: UInt8[Tensor, "b h h"]) -> Tensor:
    """Positions in ``LABELS``, or ``IGNORED``."""
    table = torch.full((256,), IGNORED)
    table[torch.tensor(LABELS)] = torch.arange(len(LABELS))
    return table[labels.long()]


def in_colours(labels: UInt8[Tensor, "b h h"]) -> Float[Tensor, "b 3 h h"]:
    """Label maps in the colours of the data."""
    table = torch.zeros(256, 3)
    for label, colour in COLOURS.items():
        table[label] = torch.tensor(colour) / 127.5 - 1.0
    return table[labels.long()].permute(0, 3, 1, 2)
