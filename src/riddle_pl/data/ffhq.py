"""FFHQ in its published folder layout, with its published split."""

import re
from collections.abc import Sequence
from pathlib import Path

from riddle_pl.data.images import ImagesDataModule
from riddle_pl.data.inverted import Plan
from riddle_pl.data.sources import FolderSource, ImageSource, open_source
from riddle_pl.errors import DataError

LAYOUTS = ("images1024x1024", "thumbnails128x128")
"""Folders of the data set, the better one first. Below lie sub-folders of a thousand images: 00000/00000.png."""

TRAINING_IMAGES = 60_000
"""Numbers below are for training, the other 10,000 for validation."""

_NUMBER = re.compile(r"(?:.*/)?(\d{5})\.\w+")


class FFHQDataModule(ImagesDataModule):
    """FFHQ: 70,000 aligned faces, 60,000 of them for training.

    ``root`` holds ``images1024x1024`` or ``thumbnails128x128`` as downloaded; or it is itself a folder, or a tar
    archive, of images named by their five-digit number (as resized copies are). ``val_share`` is not used.

    Source: Karras et al., CVPR 2019; layout and split: https://github.com/NVlabs/ffhq-dataset.
    """

    def source(self) -> ImageSource:
        if not isinstance(self.root, str | Path) or str(self.root).endswith(".tar"):
            return open_source(self.root)
        root = FolderSource(self.root).root
        return FolderSource(next((root / name for name in LAYOUTS if (root / name).is_dir()), root))

    def plan(self, keys: Sequence[str]) -> Plan:
        plan = Plan({})
        for key in keys:
            if match := _NUMBER.fullmatch(key):
                plan.splits[key] = "train" if int(match[1]) < TRAINING_IMAGES else "val"
            else:
                plan.skipped[key] = "not named by a five-digit number like 00000.png"
        if not plan.splits:
            raise DataError(
                f"{self.root} does not look like FFHQ: expected {' or '.join(LAYOUTS)} with files such as "
                f"00000/00000.png; use data=images for other folders"
            )
        return plan
