"""A recogniser without weights, and a small LFW of painted people."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from riddle_pl.judging.recognisers import Recogniser


class FakeRecogniser(Recogniser):
    """Embeds an image as its colours on a coarse grid. Counts the images that it has seen."""

    name = "fake"

    def __init__(self, available: bool = True, note: str = "", fingerprint: str = "fake 1"):
        self.available = available
        self.note = note
        self._fingerprint = fingerprint
        self.seen = 0

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    def missing(self) -> str | None:
        return None if self.available else "the fake recogniser is not installed; pip install fake"

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        self.seen += len(x)
        return F.adaptive_avg_pool2d(x, 4).flatten(1)


def paint(person: int, number: int, side: int = 16) -> Image.Image:
    """A person's colours on a coarse grid, with a little noise in each picture."""
    colours = np.random.default_rng(person).integers(0, 256, (4, 4, 3))
    noise = np.random.default_rng([person, number]).normal(0, 8, (side, side, 3))
    pixels = np.kron(colours, np.ones((side // 4, side // 4, 1))) + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_lfw(root: Path, people: int = 6) -> Path:
    """``root/faces`` with two photos per person, and ``root/pairs.txt``: every person, every two neighbours."""
    names = [f"Person_{i}" for i in range(people)]
    for person, name in enumerate(names):
        folder = root / "faces" / name
        folder.mkdir(parents=True)
        for number in (1, 2):
            paint(person, number).save(folder / f"{name}_{number:04d}.png")
    same = [f"{name}\t1\t2" for name in names]
    different = [f"{a}\t1\t{b}\t2" for a, b in zip(names, [*names[1:], names[0]], strict=True)]
    (root / "pairs.txt").write_text("\n".join([f"1\t{people}", *same, *different]) + "\n")
    return root
