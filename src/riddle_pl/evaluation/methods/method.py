"""Interface of the methods: photos of faces to the images that are compared."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

FaceImages = Mapping[str, Float[Tensor, "b 3 h h"]]
"""Images in [-1, 1] on the CPU, by the names of :mod:`riddle_pl.judging.images`; row i of each is of the same face.

A method delivers ``PHOTO`` and ``X_ENC1``, and of the others those that it has.
"""


def face_rng(seed: int, name: str, number: int) -> torch.Generator:
    """Random numbers for the ``number``-th image of the face ``name``: the same on every machine."""
    digest = hashlib.sha256(f"{seed} {name} {number}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


class Method(ABC):
    """Turns photos into the images that are compared. Nothing is loaded before its first use."""

    @property
    @abstractmethod
    def label(self) -> str:
        """Name in tables."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Side in pixels of the photos that it takes and of the images that it delivers."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Facts for the report by name; JSON values."""

    @property
    def paper(self) -> str | None:
        """Name in the paper's tables, if any."""
        return None

    @property
    def experiment(self) -> str | None:
        """Name of the training run that it comes from, if any."""
        return None

    @property
    def training_seed(self) -> int | None:
        """Seed of that run."""
        return None

    @property
    def training_log(self) -> Path | None:
        """``metrics.csv`` of that run, where there is one."""
        return None

    @property
    def sha256(self) -> str | None:
        """Of the file that holds the trained encryptor; None where there is none."""
        return None

    @property
    def notes(self) -> Sequence[str]:
        """Notes for the report."""
        return ()

    def check(self) -> None:  # noqa: B027  # some need nothing
        """Checks before long work that everything needed is available.

        Raises:
            RiddleError: something is missing or does not fit.
        """

    def lacks(self, name: str) -> str | None:
        """Why there are no images of the face ``name``; None if there are."""
        return None

    def unmatched(self, names: Sequence[str]) -> Mapping[str, str]:
        """Images of faces that are not among ``names``, and why they were left out."""
        return {}

    @abstractmethod
    def images(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        """Images of the faces ``x`` in [-1, 1]; random choices depend on the names."""

    def encryptions(self, name: str, x: Float[Tensor, "1 3 h h"], count: int) -> FaceImages:
        """Many images of one face: ``encrypted`` with ``count`` passwords; ``wrong``, with as many wrong passwords.

        Empty for a method without passwords. Row i is that of the i-th password, whatever the count.
        """
        return {}
