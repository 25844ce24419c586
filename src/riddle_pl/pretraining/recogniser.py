"""Recipe of the pack's recogniser: a small MobileFaceNet distilled from a public one."""

import math
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from riddle_pl.data.face_set import FaceSet, recipe_rng, to_float
from riddle_pl.errors import ConfigError
from riddle_pl.networks.affine import affine_maps, warp
from riddle_pl.networks.formats.checkpoint_files import load_strict
from riddle_pl.networks.fuse_batch_norms import fuse_batch_norms
from riddle_pl.networks.mobilefacenet import MobileFaceNet
from riddle_pl.networks.recogniser import MOBILEFACENET_CROP, AlignedRecogniser
from riddle_pl.networks.resize import resize
from riddle_pl.packs.registry import load_pack
from riddle_pl.pretraining.average import Averaged
from riddle_pl.pretraining.drawing import random_codes
from riddle_pl.pretraining.identity_terms import public_recogniser
from riddle_pl.pretraining.optimiser import adamw_one_cycle
from riddle_pl.pretraining.recipe import PackRole, Recipe

GLOBAL_KERNEL = "backbone.linear7.conv.weight"
"""The one tensor of a MobileFaceNet whose shape follows from the size of its crop."""


@torch.no_grad()
def start_recogniser_from(start: str, student: AlignedRecogniser) -> None:
    """Loads a pack's recogniser, with its global kernel resized to the student's crop.

    Raises:
        RiddleError: no such pack, or its recogniser is another network.
    """
    weights = load_pack(start).load("recogniser").state_dict()
    own = student.state_dict()
    if GLOBAL_KERNEL in weights:
        weights[GLOBAL_KERNEL] = _resized(weights[GLOBAL_KERNEL], own[GLOBAL_KERNEL].shape[2:])
    load_strict(student, weights, f"recogniser of pack {start}")


def _resized(kernel: Tensor, size: torch.Size) -> Tensor:
    """The resized kernel, with the same sum."""
    resized = F.interpolate(kernel, size, mode="bilinear", align_corners=False, antialias=True)
    return resized * (kernel[0, 0].numel() / size.numel())


BATCH = 512


@torch.no_grad()
def teacher_embeddings(teacher: nn.Module, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d"]:
    """The teacher's unit embeddings of images and of their mirror images, averaged (test-time augmentation).

    On a CPU in float32, since bfloat16 is slow on many CPUs.
    """
    embeddings = []
    with torch.autocast("cpu", enabled=False) if x.device.type == "cpu" else nullcontext():
        for part in x.split(BATCH):
            both = torch.cat([part, part.flip(-1)]).contiguous(memory_format=torch.channels_last)
            seen, mirrored = teacher(both).float().chunk(2)
            embeddings.append(seen + mirrored)
    return F.normalize(torch.cat(embeddings), dim=1)


class RecogniserRecipe(Recipe):
    """Distillation of a MobileFaceNet on smaller images.

    Teacher and student see the same image, with random augmentation (mirrored, moved, recoloured, blurred,
    half of them blended with another face); the student sees it at the pack's size, so that it matches the
    teacher beyond the training faces (Beyer et al., "Knowledge distillation: a good teacher is
    patient and consistent", CVPR 2022). Generated faces can be added. Loss:
    1 - cos(student, teacher), and the difference of the similarities within the batch.

    Args:
        faces: training images, at the teacher's size.
        held_out: images of the same archives that are never trained on.
        teacher: checkpoint of a public MobileFaceNet, in ``068.ckpt`` format.
        size: side in pixels of the images that the student sees (the pack's size).
        input_size: (height, width) of the student's crop.
        width: factor on the student's channels.
        batch: images per step.
        learning_rate: peak of a one-cycle schedule, AdamW.
        generated: generated images per batch.
        generator_pack: pack of their generator; or null, with ``generated`` 0.
        start_pack: pack of the initial recogniser, of the same width and any ``input_size``; or null.
        compiled: student and teacher are compiled, which takes a C++ compiler and a minute; on two CPU cores the steps
            are 1.7 times as fast then.

    Raises:
        ConfigError: ``generated`` without a ``generator_pack``, or more than ``batch``.
        RiddleError: there is no such ``start_pack``, or its recogniser is another network.
    """

    roles = ("recogniser",)

    def __init__(
        self,
        faces: FaceSet,
        held_out: FaceSet,
        teacher: str,
        size: int,
        input_size: tuple[int, int],
        width: float,
        batch: int,
        steps: int,
        seed: int,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.05,
        generated: int = 0,
        generator_pack: str | None = None,
        start_pack: str | None = None,
        compiled: bool = False,
    ):
        super().__init__(seed, steps)
        if not 0 <= generated <= batch:
            raise ConfigError(f"recipe.generated is {generated}; expected 0 to recipe.batch, which is {batch}")
        if generated > 0 and generator_pack is None:
            raise ConfigError(f"recipe.generated is {generated} and there is no recipe.generator_pack; name a pack")
        self.faces = faces
        self.held_out = held_out
        self.size = size
        self.input_size = (input_size[0], input_size[1])
        self.width = width
        self.batch = batch
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        backbone = MobileFaceNet(128, self.input_size, width)
        self.student = AlignedRecogniser(backbone, MOBILEFACENET_CROP, self.input_size)
        if start_pack is not None:
            start_recogniser_from(start_pack, self.student)
        self.student.to(memory_format=torch.channels_last)
        self.average = Averaged(self.student, half_life=50_000.0)
        self._teacher_path = Path(teacher)
        self.generated = generated
        # in tuples, so that frozen networks are not part of the checkpoint
        self._teachers = (fuse_batch_norms(public_recogniser(self._teacher_path)),)
        self._generators = (load_pack(generator_pack).load("generator"),) if generator_pack and generated else ()
        if compiled:
            self.student.compile()
            self._teachers[0].compile()

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        return adamw_one_cycle(self.student.parameters(), self.learning_rate, self.steps, self.weight_decay)

    def training_step(self, batch: int, batch_idx: int) -> Tensor:
        step = self.next_step()
        rng = recipe_rng(self.seed, step)
        chosen = torch.randint(len(self.faces), (self.batch - self.generated,), generator=rng)
        real = to_float(self.faces.images[chosen].to(self.device))
        drawn = [self._draw(generator, rng) for generator in self._generators]
        x = augmented(torch.cat([real, *drawn]), rng)
        target = teacher_embeddings(self._teachers[0].to(self.device), x)
        embedding = self.student(resize(x, (self.size, self.size))).float()
        distill = (1.0 - (embedding * target).sum(dim=1)).mean()
        relation = F.mse_loss(embedding @ embedding.T, target @ target.T)
        self.log_dict({"loss/distill": distill, "loss/relation": relation}, prog_bar=True)
        loss: Tensor = distill + 5.0 * relation
        return loss

    @torch.no_grad()
    def _draw(self, generator: nn.Module, rng: torch.Generator) -> Float[Tensor, "g 3 h w"]:
        """Generated faces at the size of the training images."""
        drawn = generator.to(self.device)(random_codes(generator, self.generated, rng, self.device))
        height, width = self.faces.images.shape[2:]
        return resize(drawn.float(), (height, width))

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        super().optimizer_step(*args, **kwargs)
        self.average.update(self.student, self.batch)  # here, since checkpoints are saved before on_train_batch_end

    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """Held-out faces, each beside its nearest other one by the student."""
        x = resize(to_float(self.held_out.images[:512]), (self.size, self.size))
        with torch.no_grad():
            embeddings = self.average.module(x.to(self.device)).cpu()
        similarity = embeddings @ embeddings.T - 2.0 * torch.eye(len(embeddings))
        nearest = similarity.argmax(dim=1)
        return torch.stack([x[:32], x[nearest[:32]]], dim=1).flatten(0, 1)

    def figures(self) -> Mapping[str, float]:
        faces = to_float(self.held_out.images)
        targets = teacher_embeddings(self._teachers[0].cpu(), faces)
        x = resize(faces, (self.size, self.size))
        with torch.no_grad():
            embeddings = torch.cat([self.average.module(part) for part in x.split(BATCH)])
        cosine = float((embeddings * targets).sum(dim=1).mean())
        return {f"cosine to the teacher, {len(targets)} held-out images": cosine}

    def pack_roles(self) -> list[PackRole]:
        crop = {key: getattr(MOBILEFACENET_CROP, key) for key in ("top", "bottom", "left", "right")}
        backbone = {
            "arch": "mobilefacenet",
            "args": {"embedding_dim": 128, "input_size": list(self.input_size), "width": self.width},
        }
        args = {"backbone": backbone, "crop": crop, "input_size": list(self.input_size)}
        description = f"""
MobileFaceNet for {self.size} px aligned faces: the recogniser of the identity losses. Distilled from a public
MobileFaceNet trained on CASIA-WebFace ({self._teacher_path.name}) on {len(self.faces):,} aligned faces (synthetic
people, All-Age-Faces, CelebA; LFW is not among them). It trains encryptors and must never report on them.

How often it takes two people for one differs between groups, as it does for the teacher: see the audit.
"""
        return [PackRole("recogniser", self.average.module, "aligned_recogniser", args, description)]


def augmented(x: Float[Tensor, "b 3 h w"], rng: torch.Generator) -> Float[Tensor, "b 3 h w"]:
    """Augmentation with mixup.

    Half are mirrored; all are moved by up to 4 % of the side, turned by up to 8 degrees, zoomed by 0.9 to 1.1, and
    vary in brightness (± 0.2 of a range of 2) and contrast (0.7 to 1.3); 30 % are softened; half are blended with
    another image of the batch in a random ratio.
    """
    batch = len(x)

    def uniform(low: float, high: float) -> Float[Tensor, "b"]:
        return (low + (high - low) * torch.rand(batch, generator=rng)).to(x.device)

    angle, zoom = uniform(-math.radians(8), math.radians(8)), uniform(0.9, 1.1)
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    shift = torch.stack([uniform(-0.08, 0.08), uniform(-0.08, 0.08)], dim=1)
    x = warp(x, affine_maps(angle, zoom, mirror, shift))
    soft = F.avg_pool2d(F.pad(x, [1] * 4, mode="replicate"), 3, stride=1)
    x = torch.where((uniform(0, 1) < 0.3)[:, None, None, None], soft, x)
    x = x * uniform(0.7, 1.3)[:, None, None, None] + uniform(-0.2, 0.2)[:, None, None, None]
    share = torch.where(uniform(0, 1) < 0.5, uniform(0, 1), 1.0)[:, None, None, None]
    return share * x + (1.0 - share) * x.roll(1, dims=0)
