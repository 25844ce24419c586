"""Data modules of photos, whose inversions are cached."""

import csv
import hashlib
import json
import logging
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset

from riddle_pl.data.base import LatentDataModule
from riddle_pl.data.crops import Cropper
from riddle_pl.data.data_free import LatentSampler
from riddle_pl.data.digests import Digests
from riddle_pl.data.latent_batches import MixedBatches, OrderedBatches, ShuffledBatches, spread_codes
from riddle_pl.data.latent_cache import Item, LatentCache, LatentTable
from riddle_pl.data.sources import ImageSource
from riddle_pl.data.steps import Batch
from riddle_pl.errors import DataError, one_line
from riddle_pl.files import atomic_write, read_json, require_place_for_dir, write_json
from riddle_pl.inversion import EncoderInversion, Inversion
from riddle_pl.packs.pack import Pack
from riddle_pl.packs.store import home
from riddle_pl.process import track

TARGETS = ("inversion", "photo")
Root = str | Path | Sequence[str | Path]
"""A folder, a tar archive, or a list of them."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """Split by file; and skipped files, with the reason."""

    splits: dict[str, str | None]
    """By key: ``train``, ``val``, or None to split by content."""
    skipped: dict[str, str] = field(default_factory=dict)


def held_out(digest: str, share: float) -> bool:
    """Whether an image belongs to the held-out share, by its sha256 only."""
    return int(digest[:8], 16) < share * 2**32


class InvertedDataModule(LatentDataModule):
    """Latents of photos. ``prepare_data`` fills the cache; it resumes after an interruption.

    Images that are damaged, faceless or exact duplicates are listed in ``skipped.csv`` beside the cached split.
    By default the target x of training is G(w), as in the authors' code; with ``target="photo"`` batches hold the
    aligned photo as ``x``. Validation batches hold it as ``photo`` where the cache keeps it.

    Args:
        root: where the photos are.
        pack: its ``encoder`` inverts the photos, unless ``inversion`` is given.
        cropper: finds and aligns faces, or takes aligned images as they are.
        batch_size: faces per step and device.
        seed: of the order of training.
        target: ``inversion`` or ``photo``.
        drawn: share of each training batch that is sampled from the pack's generator.
        keep_crops: store the aligned photos (3 H^2 bytes each) beside the latents.
        val_share: share of the images held out for validation where the data set has no split of its own.
        val_images: largest number of validation images.
        max_images: largest number of training images, evenly spaced; None: all.
        cache_dir: folder of the caches; None: ``latents`` in the user's cache folder (``$RIDDLE_HOME``).
        inversion: finds the codes of the photos; None: the pack's encoder.
        inversion_batch: photos per call of the inversion.
        inversion_workers: processes for detection and alignment; 0: a thread.
        recheck: hash all images and cache files instead of trusting sizes and dates.
        quiet: no progress bars.
        num_workers: processes that read batches.
        split: one of ``known_splits``; None: the first.

    Raises:
        DataError: a value is out of range.
        FileError: there is no place for ``cache_dir``.
    """

    known_splits: ClassVar[tuple[str, ...]] = ()
    """Names of the data set's splits; the first is the default."""

    def __init__(
        self,
        root: Root,
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
        split: str | None = None,
    ):
        super().__init__(batch_size, seed, num_workers)
        if split is not None and split not in self.known_splits:
            raise DataError(f"data.split={split} is unknown; choose from {', '.join(self.known_splits) or 'null'}")
        if target not in TARGETS:
            raise DataError(f"data.target={target} is unknown; choose from {', '.join(TARGETS)}")
        if target == "photo" and not keep_crops:
            raise DataError("data.target=photo needs the aligned photos; set data.keep_crops=true")
        if not 0.0 <= drawn < 1.0:
            raise DataError(f"data.drawn={drawn}; expected a share from 0 to below 1 (data=data_free draws all faces)")
        if drawn and target == "photo":
            raise DataError(
                f"data.drawn={drawn} with data.target=photo: no photo shows drawn people; give data.target=inversion"
            )
        if inversion_batch < 1:
            raise DataError(f"data.inversion_batch={inversion_batch}; expected at least 1")
        if inversion_workers < 0:
            raise DataError(f"data.inversion_workers={inversion_workers}; expected at least 0")
        if not 0.0 < val_share < 1.0 or val_images < 1 or (max_images is not None and max_images < 1):
            raise DataError(
                f"data.val_share={val_share} must lie between 0 and 1; data.val_images={val_images} and "
                f"data.max_images={max_images} must be at least 1"
            )
        self.root = root
        self.split = split or next(iter(self.known_splits), None)
        self.cropper = cropper
        self.pack = pack
        self.target = target
        self.drawn = drawn
        self.keep_crops = keep_crops
        self.val_share = val_share
        self.val_images = val_images
        self.max_images = max_images
        if cache_dir is not None:
            require_place_for_dir(Path(cache_dir).expanduser(), "folder of data.cache_dir")
        self.cache_dir = cache_dir
        self.inversion = inversion or EncoderInversion(pack)
        self.inversion_batch = inversion_batch
        self.inversion_workers = inversion_workers
        self.recheck = recheck
        self.quiet = quiet
        self._tables: dict[str, LatentTable] = {}

    @abstractmethod
    def source(self) -> ImageSource:
        """The images; raises DataError if they are missing."""

    @abstractmethod
    def plan(self, keys: Sequence[str]) -> Plan:
        """Which key belongs to which split."""

    @property
    def identity(self) -> str:
        """Identifies the data set and its split settings."""
        return json.dumps([type(self).__name__, self.val_share, self.val_images, self.max_images])

    def cache(self) -> LatentCache:
        """The cache that belongs to the inversion and the cropper."""
        root = Path(self.cache_dir).expanduser() if self.cache_dir else home() / "latents"
        return LatentCache(
            root,
            self.inversion,
            self.cropper,
            keep_crops=self.keep_crops,
            batch_size=self.inversion_batch,
            workers=self.inversion_workers,
            recheck=self.recheck,
            quiet=self.quiet,
        )

    def split_folder(self) -> Path:
        """Where ``split.json`` and ``skipped.csv`` are written."""
        return self.cache().folder / f"split-{hashlib.sha256(self.identity.encode()).hexdigest()[:16]}"

    def prepare_data(self) -> None:
        """Hashes new or changed images, inverts those missing in the cache, and writes the split and the skipped files.

        Raises:
            DataError: no images, or none is usable.
            FileError: the cache cannot be written to.
        """
        source = self.source()
        keys = source.list_keys()
        if not keys:
            raise DataError(f"no images in {source.name}; expected files such as .jpg or .png (data.root)")
        plan = self.plan(keys)
        skipped = dict(plan.skipped)
        items = self._hash(source, self._limit(plan.splits), skipped)
        unusable = self.cache().build(source, items).unusable
        skipped |= {item.key: unusable[item.sha256] for item in items if item.sha256 in unusable}
        usable = [item for item in items if item.sha256 not in unusable]
        folder = self.split_folder()
        folder.mkdir(parents=True, exist_ok=True)
        self._report(folder / "skipped.csv", skipped, len(keys), source.name)
        if not usable:
            reasons = Counter(reason.replace(key, "the file") for key, reason in skipped.items())
            raise DataError(
                f"none of the {len(keys)} images in {source.name} is usable (most often: "
                f"{reasons.most_common(1)[0][0]}); see {folder / 'skipped.csv'}"
            )
        split = self._divide(usable, plan.splits)
        write_json(folder / "split.json", split, indent=None, inside=folder)
        self._tables = {}

    def setup(self, stage: str | None = None) -> None:
        """Opens the cached latents.

        Raises:
            DataError: ``prepare_data`` has not run.
        """
        if self._tables:
            return
        path = self.split_folder() / "split.json"
        if not path.is_file():
            raise DataError(
                f"latents of {self.identity} are not prepared ({path} is missing); call prepare_data() first"
            )
        cache = self.cache()
        self._tables = {name: LatentTable(cache, images) for name, images in _read_split(path).items()}

    def train_batches(self, rank: int, world_size: int) -> tuple[Dataset[Batch], int]:
        self.setup()
        table = self._tables["train"]
        steps = len(table) // (self.batch_size * world_size)
        if not steps:
            devices = f" x {world_size} devices" if world_size > 1 else ""
            raise DataError(
                f"{len(table)} usable training images are fewer than a batch of {self.batch_size}{devices}; "
                f"give batch_size={max(1, len(table) // world_size)} or less, or more images"
            )
        photos = ShuffledBatches(table, steps, self.batch_size, self.seed, rank, world_size, self.target == "photo")
        count = round(self.drawn * self.batch_size)
        if not count:
            return photos, steps
        return MixedBatches(photos, LatentSampler(self.pack.generator()), count, self.seed, rank), steps

    def val_batches(self) -> Dataset[Batch]:
        self.setup()
        return OrderedBatches(self._tables["val"], self.batch_size, self.keep_crops, self.target == "photo")

    def codes(self, count: int) -> Float[Tensor, "b n d"]:
        self.setup()
        return spread_codes(self._tables["train"], count)

    def _limit(self, splits: dict[str, str | None]) -> dict[str, str | None]:
        """At most ``val_images`` keys planned for validation and ``max_images`` others, spread evenly over the plan."""
        planned = [key for key, split in splits.items() if split == "val"]
        others = [key for key, split in splits.items() if split != "val"]
        chosen = {*_spread(planned, self.val_images), *_spread(others, self.max_images or len(others))}
        return {key: split for key, split in splits.items() if key in chosen}

    def _hash(self, source: ImageSource, keys: dict[str, str | None], skipped: dict[str, str]) -> list[Item]:
        """Items by content; unreadable files and exact duplicates go to ``skipped``."""
        first: dict[str, str] = {}
        known = Digests(self.split_folder() / "digests.json", self.recheck)
        for key in track(keys, len(keys), "checking images", self.quiet):
            try:
                digest = known.of(source, key)
            except OSError as error:
                skipped[key] = f"cannot be read ({error.strerror or error})"
                continue
            if digest in first:
                skipped[key] = f"exact duplicate of {first[digest]}"
            else:
                first[digest] = key
        known.save()
        return [Item(key, digest) for digest, key in first.items()]

    def _divide(self, usable: list[Item], splits: dict[str, str | None]) -> dict[str, list[str]]:
        parts: dict[str, list[str]] = {"train": [], "val": []}
        for item in usable:
            by_content = "val" if held_out(item.sha256, self.val_share) else "train"
            parts[splits[item.key] or by_content].append(item.sha256)
        if not parts["val"]:  # few images: hold out the one with the smallest hash
            parts["val"] = [min(parts["train"])]
            if len(parts["train"]) > 1:
                parts["train"].remove(parts["val"][0])
        if not parts["train"]:
            raise DataError(f"all {len(usable)} usable images belong to the validation part; give more images")
        return {"train": sorted(parts["train"]), "val": sorted(parts["val"])[: self.val_images]}

    def _report(self, path: Path, skipped: dict[str, str], total: int, name: str) -> None:
        with (
            atomic_write(path, inside=path.parent) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            rows = csv.writer(file)
            rows.writerow(["file", "reason"])
            rows.writerows(sorted(skipped.items()))
        if skipped:
            log.warning("%d of %d images in %s are skipped; the reasons are in %s", len(skipped), total, name, path)


def _read_split(path: Path) -> dict[str, list[str]]:
    try:
        split = read_json(path)
        return {name: [str(image) for image in split[name]] for name in ("train", "val")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({one_line(error)}); delete it, and it is made anew") from error


def _spread(keys: list[str], count: int) -> list[str]:
    """At most ``count`` of the keys, evenly spaced."""
    count = min(count, len(keys))
    return [keys[index * len(keys) // count] for index in range(count)]
