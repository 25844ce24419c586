"""Any photos: a folder with its sub-folders, a tar archive, or a list of them."""

import json
from collections.abc import Sequence
from pathlib import Path

from riddle_pl.data.inverted import InvertedDataModule, Plan
from riddle_pl.data.sources import ImageSource, open_source


class ImagesDataModule(InvertedDataModule):
    """Trains on the largest face of every image found; a share, chosen by content, is held out for validation.

    ``root`` is a folder, a ``.tar`` archive, or a list of them. With ``cropper.aligned`` images are FFHQ-style crops
    already, else faces are detected. All arguments are those of :class:`~riddle_pl.data.inverted.InvertedDataModule`.
    """

    @property
    def identity(self) -> str:
        roots = [self.root] if isinstance(self.root, str | Path) else list(self.root)
        return json.dumps([super().identity, [str(Path(root).expanduser().absolute()) for root in roots]])

    def source(self) -> ImageSource:
        return open_source(self.root)

    def plan(self, keys: Sequence[str]) -> Plan:
        return Plan(dict.fromkeys(keys))
