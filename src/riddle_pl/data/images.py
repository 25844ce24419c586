"""Any photos: a folder with its sub-folders, a tar archive, or a list of them."""

import json
from collections.abc import Sequence
from pathlib import Path

from riddle_pl.data.crops import Cropper
from riddle_pl.data.inverted import InvertedDataModule, Plan
from riddle_pl.data.sources import ImageSource, open_source
from riddle_pl.inversion import Inversion
from riddle_pl.packs.pack import Pack


class ImagesDataModule(InvertedDataModule):
    """Trains on the largest face of every image found; a share, chosen by content, is held out for validation.

    Args:
        root: folder, ``.tar`` archive, or a list of them.
        pack: see :class:`~riddle_pl.data.inverted.InvertedDataModule`, as for all that follows.
        cropper: with ``aligned=True`` images are FFHQ-style crops already, else faces are detected.
        batch_size: faces per step and device.
        seed: of the order of training.
        target: ``inversion`` or ``photo``.
        drawn: share of each training batch that the pack's generator draws.
        keep_crops: store the aligned photos beside the latents.
        val_share: share of the images held out.
        val_images: at most so many validation images.
        max_images: at most so many images, for a quick try; None: all.
        cache_dir: folder of the caches; None: the user's cache folder.
        inversion: finds the codes of the photos; None: the pack's encoder.
        inversion_batch: photos that it gets at a time.
        inversion_workers: processes that find and align faces meanwhile.
        recheck: read every image again, in place of trusting sizes and dates.
        quiet: no progress bars.
        num_workers: processes that read batches.

    Raises:
        DataError: a value is out of range.
    """

    def __init__(
        self,
        root: str | Path | Sequence[str | Path],
        pack: Pack,
        cropper: Cropper,
        batch_size: int = 4,
        seed: int = 0,
        target: str = "inversion",
        drawn: float = 0.0,
        keep_crops: bool = True,
        val_share: float = 0.05,
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
            pack=pack,
            cropper=cropper,
            batch_size=batch_size,
            seed=seed,
            target=target,
            drawn=drawn,
            keep_crops=keep_crops,
            val_share=val_share,
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
        self.root = root

    @property
    def identity(self) -> str:
        roots = [self.root] if isinstance(self.root, str | Path) else list(self.root)
        return json.dumps([super().identity, [str(Path(root).expanduser().absolute()) for root in roots]])

    def source(self) -> ImageSource:
        return open_source(self.root)

    def plan(self, keys: Sequence[str]) -> Plan:
        return Plan(dict.fromkeys(keys))
