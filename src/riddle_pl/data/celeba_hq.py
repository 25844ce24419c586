"""CelebA-HQ in the folder layout of CelebAMask-HQ, with either of its two usual splits."""

import re
from collections.abc import Sequence
from pathlib import Path

from riddle_pl.data.crops import Cropper
from riddle_pl.data.images import ImagesDataModule
from riddle_pl.data.inverted import Plan
from riddle_pl.data.sources import FolderSource, ImageSource, open_source
from riddle_pl.errors import DataError
from riddle_pl.inversion import Inversion
from riddle_pl.packs.pack import Pack

LAYOUTS = ("CelebA-HQ-img", "CelebAMask-HQ/CelebA-HQ-img")
"""Where the images 0.jpg to 29999.jpg are, below the root."""

MAPPING = "CelebA-HQ-to-CelebA-mapping.txt"
PARTITION = "list_eval_partition.txt"
SPLITS = ("27k_3k", "celeba")
TRAINING_IMAGES = 27_000
_PARTS = {"0": "train", "1": "val", "2": "test"}
_NUMBER = re.compile(r"(?:.*/)?(\d{1,5})\.\w+")


class CelebAHQDataModule(ImagesDataModule):
    """CelebA-HQ: 30,000 aligned faces.

    ``root`` is the folder of CelebAMask-HQ (which holds ``CelebA-HQ-img``), or a folder or tar archive of images named
    by their number. ``val_share`` is not used. Splits:

    - ``27k_3k``: numbers 0 to 26999 for training, 27000 to 29999 for validation;
    - ``celeba``: CelebA's own partition (24,183 for training, 2,993 for validation, 2,824 for tests, which are left
      alone here). It needs ``CelebA-HQ-to-CelebA-mapping.txt`` (comes with CelebAMask-HQ) and
      ``list_eval_partition.txt`` (comes with CelebA) in ``root``.

    Args:
        split: ``27k_3k`` or ``celeba``.
        root: see above; the other arguments are those of :class:`~riddle_pl.data.images.ImagesDataModule`.
        pack: its ``encoder`` inverts the photos, unless ``inversion`` is given.
        cropper: CelebA-HQ is aligned the way FFHQ is, so ``aligned=True`` fits.
        batch_size: faces per step and device.
        seed: of the order of training.
        target: ``inversion`` or ``photo``.
        drawn: share of each training batch that the pack's generator draws.
        keep_crops: store the aligned photos beside the latents.
        val_images: at most so many validation images.
        max_images: at most so many training images; None: all.
        cache_dir: folder of the caches; None: the user's cache folder.
        inversion: finds the codes of the photos; None: the pack's encoder.
        inversion_batch: photos that it gets at a time.
        inversion_workers: processes that find and align faces meanwhile.
        recheck: read every image again, in place of trusting sizes and dates.
        quiet: no progress bars.
        num_workers: processes that read batches.

    Source: Karras et al., ICLR 2018; layout and mapping: https://github.com/switchablenorms/CelebAMask-HQ.
    """

    def __init__(
        self,
        root: str,
        pack: Pack,
        cropper: Cropper,
        split: str = "27k_3k",
        batch_size: int = 4,
        seed: int = 0,
        target: str = "inversion",
        drawn: float = 0.0,
        keep_crops: bool = True,
        val_images: int = 64,
        max_images: int | None = None,
        cache_dir: str | None = None,
        inversion: Inversion | None = None,
        inversion_batch: int = 32,
        inversion_workers: int = 0,
        recheck: bool = False,
        quiet: bool = False,
        num_workers: int = 0,
    ):
        super().__init__(
            root=root,
            pack=pack,
            cropper=cropper,
            batch_size=batch_size,
            seed=seed,
            target=target,
            drawn=drawn,
            keep_crops=keep_crops,
            val_images=val_images,
            max_images=max_images,
            cache_dir=cache_dir,
            inversion=inversion,
            inversion_batch=inversion_batch,
            inversion_workers=inversion_workers,
            recheck=recheck,
            quiet=quiet,
            num_workers=num_workers,
        )
        if split not in SPLITS:
            raise DataError(f"data.split={split} is unknown; choose from {', '.join(SPLITS)}")
        self.split = split
        self.folder = Path(root).expanduser()

    @property
    def identity(self) -> str:
        return f"{super().identity} {self.split}"

    def source(self) -> ImageSource:
        if self.folder.suffix == ".tar":
            return open_source(self.folder)
        root = FolderSource(self.folder).root
        return FolderSource(next((root / name for name in LAYOUTS if (root / name).is_dir()), root))

    def plan(self, keys: Sequence[str]) -> Plan:
        plan = Plan({})
        parts = self._partition() if self.split == "celeba" else None
        for key in keys:
            match = _NUMBER.fullmatch(key)
            if match is None:
                plan.skipped[key] = "not named by a number like 0.jpg"
            elif parts is None:
                plan.splits[key] = "train" if int(match[1]) < TRAINING_IMAGES else "val"
            elif (part := parts.get(int(match[1]))) is None:
                plan.skipped[key] = f"not in {MAPPING} and {PARTITION}"
            elif part != "test":
                plan.splits[key] = part
        if not plan.splits:
            raise DataError(
                f"{self.root} does not look like CelebA-HQ: expected {LAYOUTS[0]} with files such as 0.jpg; "
                f"use data=images for other folders"
            )
        return plan

    def _partition(self) -> dict[int, str]:
        """Number in CelebA-HQ to the part of CelebA that its original belongs to."""
        originals = {row[-1]: int(row[0]) for row in self._table(MAPPING) if row[0].isdigit()}
        return {
            originals[row[0]]: _PARTS[row[1]]
            for row in self._table(PARTITION)
            if len(row) == 2 and row[0] in originals and row[1] in _PARTS
        }

    def _table(self, name: str) -> list[list[str]]:
        for folder in (self.folder, self.folder / "CelebAMask-HQ"):
            if (folder / name).is_file():
                return [
                    line.split() for line in (folder / name).read_text(encoding="utf-8").splitlines() if line.strip()
                ]
        raise DataError(f"{self.folder / name} is missing; data.split=celeba needs it (or use data.split=27k_3k)")
