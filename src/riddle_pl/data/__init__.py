"""LightningDataModules: latents drawn from the generator, and latents of photos, cached on disk."""

from riddle_pl.data.celeba_hq import CelebAHQDataModule
from riddle_pl.data.codes import CodesDataModule
from riddle_pl.data.data_free import DataFreeDataModule
from riddle_pl.data.ffhq import FFHQDataModule
from riddle_pl.data.images import ImagesDataModule
from riddle_pl.data.steps import Batch

__all__ = ["Batch", "CelebAHQDataModule", "CodesDataModule", "DataFreeDataModule", "FFHQDataModule", "ImagesDataModule"]
