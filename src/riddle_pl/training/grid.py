"""The image grid of a validation: a row per face, a column per encryption or decryption."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw
from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger
from torch import Tensor

from riddle_pl.errors import ConfigError

COLUMNS: Mapping[str, str] = {
    "photo": "original",
    "x": "inversion",
    "x_enc1": "password 1",
    "x_enc2": "password 2",
    "x_dec": "recovered",
    "x_wrong1": "wrong 1",
    "x_wrong2": "wrong 2",
}
"""Images by name, in the order of the columns, with their headings."""

HEADING = 14
"""Height of the headings in pixels."""

SMALLEST = 64
"""Smaller images are enlarged to at least this side, so that the headings fit."""


def image_grid(images: Mapping[str, Float[Tensor, "b 3 h w"]], rows: int) -> UInt8[np.ndarray, "H W 3"]:
    """One row per face, one headed column per image that is there.

    Args:
        images: batches in [-1, 1] (clamped) by the names in :data:`COLUMNS`; others are left out.
        rows: at most this many faces.
    """
    present = [name for name in COLUMNS if name in images]
    side = images["x" if "x" in images else present[0]].shape[-1]
    size = side * max(1, -(-SMALLEST // side))  # a whole multiple, so that small images stay sharp
    columns = [_column(images[name][:rows], size) for name in present]
    sheet = Image.fromarray(np.concatenate(columns, axis=1))
    canvas = Image.new("RGB", (sheet.width, sheet.height + HEADING), "white")
    canvas.paste(sheet, (0, HEADING))
    draw = ImageDraw.Draw(canvas)
    for index, name in enumerate(present):
        draw.text((index * size + 2, 1), _fitting(draw, COLUMNS[name], size), fill="black")
    return np.asarray(canvas)


def _column(batch: Float[Tensor, "b 3 h w"], size: int) -> UInt8[np.ndarray, "H w 3"]:
    if size % batch.shape[-1] == 0:
        batch = batch.repeat_interleave(size // batch.shape[-1], dim=2).repeat_interleave(
            size // batch.shape[-1], dim=3
        )
    else:
        batch = torch.nn.functional.interpolate(batch, size=(size, size), mode="bilinear", antialias=True)
    pixels = (batch.detach().float().cpu().clamp(-1, 1) + 1) * 127.5
    array: UInt8[np.ndarray, "H w 3"] = torch.cat(list(pixels.round().byte()), dim=1).permute(1, 2, 0).numpy()
    return array


def _fitting(draw: ImageDraw.ImageDraw, text: str, width: int) -> str:
    while text and draw.textlength(text) > width - 3:
        text = text[:-1]
    return text


class ImageGrid(pl.Callback):
    """Writes ``grids/step_<n>.png`` at each validation with images, and logs it to loggers that accept images.

    Args:
        faces: rows of the grid.
        folder: where to save, relative to the trainer's ``default_root_dir``.

    Raises:
        ConfigError: fewer than one face.
    """

    def __init__(self, faces: int = 8, folder: str = "grids"):
        if faces < 1:
            raise ConfigError(f"callbacks.grid.faces={faces}; expected at least 1")
        self.faces = faces
        self.folder = folder
        self._batches: list[Mapping[str, Tensor]] = []

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._batches = []

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Mapping[str, Tensor],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if outputs and trainer.is_global_zero and sum(len(kept["x"]) for kept in self._batches) < self.faces:
            photo = {"photo": batch["photo"]} if "photo" in batch else {}
            self._batches.append({name: value.detach().cpu() for name, value in (photo | dict(outputs)).items()})

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not self._batches or trainer.sanity_checking:
            return
        names = set.intersection(*(set(kept) for kept in self._batches))
        grid = image_grid({name: torch.cat([kept[name] for kept in self._batches]) for name in names}, self.faces)
        self._batches = []
        step = trainer.global_step
        if not trainer.fast_dev_run:  # type: ignore[attr-defined]  # set by Lightning outside its constructor
            path = Path(trainer.default_root_dir) / self.folder / f"step_{step:06d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(grid).save(path)
        log_image(trainer.loggers, "val/grid", grid, step)


def log_image(loggers: Sequence[Any], name: str, image: UInt8[np.ndarray, "H W 3"], step: int) -> None:
    """Logs an image to each logger that accepts one (wandb, TensorBoard)."""
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            logger.log_image(name, [Image.fromarray(image)], step=step)
        elif isinstance(logger, TensorBoardLogger):
            logger.experiment.add_image(name, image, step, dataformats="HWC")
