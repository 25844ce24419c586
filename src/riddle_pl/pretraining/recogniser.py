"""Recipe of the pack's recogniser: a small MobileFaceNet distilled from a public one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from riddle_pl.networks.checkpoints import load_mobilefacenet
from riddle_pl.networks.mobilefacenet import MobileFaceNet
from riddle_pl.networks.recogniser import MOBILEFACENET_CROP, AlignedRecogniser
from riddle_pl.networks.resize import resize
from riddle_pl.pretraining.average import Averaged
from riddle_pl.pretraining.faces import FaceSet, to_float
from riddle_pl.pretraining.recipe import PackRole, Recipe

TEACHER_BATCH = 128


@torch.no_grad()
def teach(teacher: nn.Module, faces: FaceSet, device: torch.device) -> Float[Tensor, "n d"]:
    """The teacher's unit embeddings of all faces, in float32: many CPUs have bfloat16 in name only."""
    teacher = teacher.to(device).eval()
    embeddings = []
    for images in faces.images.split(TEACHER_BATCH):
        x = to_float(images).to(device, memory_format=torch.channels_last)
        with torch.autocast(device.type, enabled=False):
            embedding = teacher(x)
        embeddings.append(F.normalize(embedding, dim=1).cpu())
    return torch.cat(embeddings)


class RecogniserRecipe(Recipe):
    """MobileFaceNet that copies a teacher's embeddings from smaller images.

    The student sees the image at the pack's size, disturbed (mirrored, shifted, blurred, recoloured); the teacher saw
    it clean and at its own size. Loss: 1 - cos(student, teacher), and the same for the similarities within the batch.

    Args:
        faces: training images, at the teacher's size.
        held_out: images of the same archives that are never trained on.
        teacher: checkpoint of a public MobileFaceNet, in ``068.ckpt`` format.
        size: side in pixels of the images that the student sees (the pack's size).
        input_size: (height, width) of the student's crop.
        width: factor on the student's channels.
        batch: images per step.
        learning_rate: peak of a one-cycle schedule, AdamW.
    """

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
    ):
        super().__init__(seed, steps)
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
        self.average = Averaged(self.student, half_life=50_000.0)
        self._teacher_path = Path(teacher)
        self._targets: Tensor | None = None

    def on_train_start(self) -> None:
        if self._targets is None:
            self._targets = teach(self._teacher(), self.faces, self.device)
        super().on_train_start()

    def _teacher(self) -> nn.Module:
        return AlignedRecogniser(load_mobilefacenet(self._teacher_path), MOBILEFACENET_CROP, (112, 96))

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        optimizer = torch.optim.AdamW(
            self.student.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.steps + 1, pct_start=0.1
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: int, batch_idx: int) -> Tensor:
        step = self.next_step()
        rng = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        chosen = torch.randint(len(self.faces), (self.batch,), generator=rng)
        x = resize(to_float(self.faces.images[chosen]), (self.size, self.size))
        x = _disturb(x, rng).to(self.device)
        if self._targets is None:
            raise RuntimeError("the teacher's embeddings are computed when the training starts")
        target = self._targets[chosen].to(self.device)
        embedding = self.student(x).float()
        distill = (1.0 - (embedding * target).sum(dim=1)).mean()
        relation = F.mse_loss(embedding @ embedding.T, target @ target.T)
        self.log_dict({"loss/distill": distill, "loss/relation": relation}, prog_bar=True)
        loss: Tensor = distill + 5.0 * relation
        return loss

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
        targets = teach(self._teacher(), self.held_out, torch.device("cpu"))
        x = resize(to_float(self.held_out.images), (self.size, self.size))
        with torch.no_grad():
            embeddings = torch.cat([self.average.module(part) for part in x.split(TEACHER_BATCH)])
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

Accuracy differs between groups as the teacher's does; it was not measured by group.
"""
        return [PackRole("recogniser", self.average.module, "aligned_recogniser", args, description)]


def _disturb(x: Float[Tensor, "b 3 h w"], rng: torch.Generator) -> Float[Tensor, "b 3 h w"]:
    """Mirror half of the images; shift all by up to 2 pixels; blur some; vary brightness and contrast."""
    batch = len(x)
    mirrored = torch.rand(batch, generator=rng) < 0.5
    x = torch.where(mirrored[:, None, None, None], x.flip(-1), x)
    dy, dx = (int(v) for v in torch.randint(-2, 3, (2,), generator=rng))
    x = x.roll((dy, dx), dims=(2, 3))
    blurred = torch.rand(batch, generator=rng) < 0.3
    soft = F.avg_pool2d(F.pad(x, [1] * 4, mode="replicate"), 3, stride=1)
    x = torch.where(blurred[:, None, None, None], soft, x)
    contrast = 0.8 + 0.4 * torch.rand(batch, 1, 1, 1, generator=rng)
    brightness = 0.2 * (torch.rand(batch, 1, 1, 1, generator=rng) - 0.5)
    return x * contrast + brightness
