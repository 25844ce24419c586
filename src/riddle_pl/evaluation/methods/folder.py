"""Another method's outputs, from folders."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.sources import ImageSource, open_source
from riddle_pl.errors import ConfigError, DataError, PhotoError
from riddle_pl.evaluation.methods.method import FaceImages, Method
from riddle_pl.faces.crop import FaceCropper
from riddle_pl.judging.images import PHOTO, X_DEC, X_ENC1, X_WRONG1

FOLDERS = {X_ENC1: "anonymised", X_DEC: "recovered", X_WRONG1: "wrong"}
"""Argument of :class:`FolderMethod` by name of the image."""


class FolderMethod(Method):
    """Outputs of another program, matched to photos by file name without suffix.

    Files are matched by relative path, else by name. Only photos with an image in every folder are evaluated; unmatched
    photos and images are listed in the report.

    Args:
        root: folder of what follows.
        anonymised: folder or ``.tar`` archive of the anonymised images, square and aligned as the photos are.
        recovered: of the recovered ones; without it the method does not recover.
        wrong: of those decrypted with a wrong password.
        many: folder with one folder per photo, named as it is without its suffix: its images under many passwords.
        size: side in pixels; photos and images are brought to it.
        paper: see :class:`riddle_pl.evaluation.methods.method.Method`.

    Raises:
        ConfigError: a size below 16.
    """

    def __init__(
        self,
        root: str,
        anonymised: str = "anonymised",
        recovered: str = "recovered",
        wrong: str = "wrong",
        many: str = "many",
        size: int = 256,
        paper: str | None = None,
    ):
        if size < 16:
            raise ConfigError(f"method.size={size}; give at least 16")
        self.root = Path(root).expanduser()
        self.paths = {
            X_ENC1: self.root / anonymised,
            X_DEC: self.root / recovered,
            X_WRONG1: self.root / wrong,
        }
        self.many_path = self.root / many
        self._size = size
        self._paper = paper
        self._crop = FaceCropper(aligned=True)
        self._owners: dict[tuple[str, str], str] = {}
        self._ready: dict[str, FaceImages] = {}

    @property
    def label(self) -> str:
        return self._paper or self.root.name

    @property
    def paper(self) -> str | None:
        return self._paper

    @property
    def size(self) -> int:
        return self._size

    @property
    def facts(self) -> dict[str, Any]:
        folders = [
            f"{path.name} ({len(self._files[image])} images)" if image in self._files else f"no {path.name}"
            for image, path in self.paths.items()
        ]
        return {"method": f"{self.label}: images in {self.root.name}/: {', '.join(folders)}; brought to {self.size} px"}

    def check(self) -> None:
        if not self.paths[X_ENC1].exists():
            raise DataError(
                f"{self.paths['encrypted']} does not exist; check method.root and method.anonymised (the layout: "
                "originals/, anonymised/, and recovered/, wrong/ where there are any)"
            )
        for image, files in self._files.items():
            if not files:
                raise DataError(f"{self.paths[image]} holds no image; check method.{FOLDERS[image]}")

    def lacks(self, name: str) -> str | None:
        if name in self._ready:
            return None
        images = {}
        for image in self._files:
            found = self._find(image, name)
            if found is None:
                return f"{self.paths[image].name} has no image of that name"
            owner = self._owners.setdefault((image, found), name)
            if owner != name:
                return f"{self.paths[image].name} has one image for this photo and {owner}"
            try:
                images[image] = self._load(self._sources[image], found)
            except (PhotoError, OSError) as error:
                return f"{self.paths[image].name}: {error}"
        self._ready[name] = images  # until used by ``images``: at most one batch
        return None

    def unmatched(self, names: Sequence[str]) -> Mapping[str, str]:
        wanted = {(image, self._find(image, name)) for image in self._files for name in names}
        return {
            f"{self.paths[image].name}/{key}": "no photo has that name"
            for image, files in self._files.items()
            for key in files.values()
            if (image, key) not in wanted
        }

    def images(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        for name in names:
            if reason := self.lacks(name):
                raise DataError(f"{name} cannot be judged: {reason}")
        rows = [self._ready.pop(name) for name in names]
        return {PHOTO: x.float().cpu(), **{image: torch.cat([row[image] for row in rows]) for image in self._files}}

    def encryptions(self, name: str, x: Float[Tensor, "1 3 h h"], count: int) -> FaceImages:
        folder = self.many_path / _stem(name)
        if not folder.is_dir():
            return {}
        source = open_source(folder)
        keys = source.list_keys()[:count]
        try:
            return {X_ENC1: torch.cat([self._load(source, key) for key in keys])} if keys else {}
        except (PhotoError, OSError) as error:
            raise DataError(f"{folder}: {error}") from error

    @cached_property
    def _sources(self) -> dict[str, ImageSource]:
        return {image: open_source(path) for image, path in self.paths.items() if path.exists()}

    @cached_property
    def _files(self) -> dict[str, dict[str, str]]:
        """By kind of image: each file by its path without its suffix."""
        return {
            image: {str(PurePosixPath(key).with_suffix("")): key for key in source.list_keys()}
            for image, source in self._sources.items()
        }

    @cached_property
    def _by_stem(self) -> dict[str, dict[str, list[str]]]:
        stems: dict[str, dict[str, list[str]]] = {}
        for image, files in self._files.items():
            for key in files.values():
                stems.setdefault(image, {}).setdefault(_stem(key), []).append(key)
        return stems

    def _find(self, image: str, name: str) -> str | None:
        whole = self._files[image].get(str(PurePosixPath(name).with_suffix("")))
        same_name = self._by_stem.get(image, {}).get(_stem(name), [])
        return whole or (same_name[0] if len(same_name) == 1 else None)

    def _load(self, source: ImageSource, key: str) -> Float[Tensor, "1 3 h h"]:
        return self._crop(source.read(key), key, self.size)


def _stem(key: str) -> str:
    return PurePosixPath(key).stem
