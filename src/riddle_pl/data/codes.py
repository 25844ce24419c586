"""Codes written by ``riddle invert`` as training data, memory-mapped."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset

from riddle_pl.data.base import LatentDataModule
from riddle_pl.data.code_shards import SUFFIX, ShardTable, open_codes, read_about
from riddle_pl.data.latent_batches import OrderedBatches, ShuffledBatches, spread_codes
from riddle_pl.data.steps import Batch
from riddle_pl.errors import DataError
from riddle_pl.packs import Pack


class CodesDataModule(LatentDataModule):
    """Serves the codes of a folder; a share, by file name and place in the file, is held out for validation.

    A float32 code of 14 layers takes 28 kB on disk and 8 bytes of memory per process.

    Args:
        root: folder with ``*.codes.safetensors``.
        pack: its generator must be that of the codes.
        batch_size: faces per step and device.
        seed: of the order of training.
        val_share: share of the codes held out.
        val_images: largest number of validation codes.
        num_workers: processes that read batches.

    Raises:
        DataError: a value is out of range.
    """

    def __init__(
        self,
        root: str,
        pack: Pack,
        batch_size: int = 4,
        seed: int = 0,
        val_share: float = 0.01,
        val_images: int = 64,
        num_workers: int = 0,
    ):
        super().__init__(batch_size, seed, num_workers)
        if not 0.0 < val_share < 1.0 or val_images < 1:
            raise DataError(
                f"data.val_share={val_share} must lie between 0 and 1; data.val_images={val_images} must be at least 1"
            )
        self.folder = Path(root).expanduser()
        self.pack = pack
        self.val_share = val_share
        self.val_images = val_images
        self._tables: dict[str, ShardTable] = {}

    def setup(self, stage: str | None = None) -> None:
        """Reads the number of codes of every file.

        Raises:
            DataError: there are none, they are for another generator, or their fingerprints differ.
        """
        if self._tables:
            return
        files = sorted(self.folder.glob(f"*{SUFFIX}"))
        if not files:
            raise DataError(
                f"no codes (*{SUFFIX}) in data.root={self.folder}; make some: riddle invert ARCHIVES -o FOLDER"
            )
        made = read_about(files[0])
        if made["generator"] != self.pack.fingerprint("generator"):
            raise DataError(
                f"the codes in {self.folder} are for the generator of pack {made['pack']}; pack {self.pack.name} has "
                "another: give the pack that they were made with"
            )
        counts = [self._count(path, made) for path in files]
        starts = torch.tensor([0, *counts]).cumsum(0)
        held_out = torch.cat([self._held_out(path, count) for path, count in zip(files, counts, strict=True)])
        numbers = {"train": (~held_out).nonzero()[:, 0], "val": held_out.nonzero()[:, 0][: self.val_images]}
        if not len(numbers["val"]):  # few codes: hold out the first
            numbers = {"train": numbers["train"][1:], "val": numbers["train"][:1]}
        self._tables = {name: ShardTable(files, starts, chosen) for name, chosen in numbers.items()}

    def train_batches(self, rank: int, world_size: int) -> tuple[Dataset[Batch], int]:
        self.setup()
        table = self._tables["train"]
        steps = len(table) // (self.batch_size * world_size)
        if not steps:
            raise DataError(
                f"{len(table)} codes for training are fewer than a batch of {self.batch_size} on {world_size} devices; "
                f"give batch_size={max(1, len(table) // world_size)} or less, or more codes"
            )
        return ShuffledBatches(table, steps, self.batch_size, self.seed, rank, world_size), steps

    def val_batches(self) -> Dataset[Batch]:
        self.setup()
        return OrderedBatches(self._tables["val"], self.batch_size, with_photo=False, with_target=False)

    def codes(self, count: int) -> Float[Tensor, "b n d"]:
        self.setup()
        return spread_codes(self._tables["train"], count)

    def _count(self, path: Path, made: dict[str, str]) -> int:
        about = read_about(path)
        if about["fingerprint"] != made["fingerprint"]:
            raise DataError(f"{path} was made in another way than the other codes in {self.folder}; make it anew")
        shape: Sequence[int] = open_codes(path).get_slice("w").get_shape()
        if len(shape) != 3 or shape[1] != self.pack.num_layers:
            raise DataError(
                f"{path} holds codes of shape {tuple(shape)}; pack {self.pack.name} has {self.pack.num_layers} layers"
            )
        return shape[0]

    def _held_out(self, path: Path, count: int) -> Tensor:
        """Depends on the file name and the index only, so that added files do not change the split."""
        rng = torch.Generator().manual_seed(zlib.crc32(path.name.encode()))
        return torch.rand(count, generator=rng) < self.val_share
