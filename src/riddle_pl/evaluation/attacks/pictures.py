"""``attack=pictures``: password guessing by the decrypted image."""

import itertools
import math
from functools import partial
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.evaluation.attacks.attack import Attack, require_positive
from riddle_pl.evaluation.attacks.distinguisher import Features, Fit, reopened
from riddle_pl.evaluation.attacks.guesses import guessed, rank_figures
from riddle_pl.evaluation.attacks.target import Codes, Faces, Target
from riddle_pl.evaluation.report.measurement import Measurement

IMAGES = 7
"""Channels: three of the decrypted image, four of the photo without the face."""


class Pictures(Attack):
    """The attacker has a record, the photo around its face, and a list of passwords with the right one.

    One classifier sees the decrypted image only, another also the photo without its face, and the code. Both are
    trained on wrong decryptions of public photos. A face that is inconsistent with hair, light or background reveals a
    wrong password, even if its code is likely.

    Args:
        training: of both classifiers.
        components: principal components of public codes, for encryptors without a code model.
        channels: of the first convolution; the second and third have two and four times as many.
        records: number of tested records, of one face each.
        guesses: wrong passwords per record.

    Raises:
        ConfigError: a number below 1.
    """

    has: ClassVar[str] = (
        "a record, its photo without the face, public photos and a list of passwords; picks the right one by the "
        "decrypted picture"
    )
    roles: ClassVar[tuple[str, ...]] = ("parser",)

    def __init__(self, training: Fit, components: int = 600, channels: int = 32, records: int = 60, guesses: int = 50):
        require_positive("pictures", components=components, channels=channels, records=records, guesses=guesses)
        self.training = training
        self.components = components
        self.channels = channels
        self.records = records
        self.guesses = guesses

    @property
    def victims(self) -> int:
        return self.records

    def run(self, target: Target, faces: Faces) -> list[Measurement]:
        rng = target.rng("pictures")
        public = target.around(faces.public_around)
        sight = _Observations(Features(public, faces.public, self.components), faces.around.shape[-1])
        right = sight(public, faces.public, faces.public_around)
        wrong = torch.stack(
            [
                sight(public, reopened(public, faces.public, rng), faces.public_around)
                for _ in range(self.training.wrong)
            ]
        )
        networks = {
            name: self.training.fit(partial(self._network, sight.side, images), right, wrong, target.seed)
            for name, images in (("the picture alone", 3), ("picture, surroundings and code", 7))
        }
        scores: dict[str, list[Tensor]] = {name: [] for name in networks}
        opened = guessed(target.around(faces.around), faces.victims[: self.records], self.guesses, rng)
        for (face, _, codes), around in zip(opened, faces.around[: self.records], strict=True):
            seen = sight(face, codes, around.expand(len(codes), -1, -1, -1))
            for name, network in networks.items():
                with torch.no_grad():
                    scores[name].append(-network(seen)[:, 0])
        return [figure for name, found in scores.items() for figure in rank_figures(target, name, torch.stack(found))]

    def _network(self, side: int, images: int, inputs: int) -> nn.Module:
        return _PictureNetwork(images, side, inputs, self.channels, self.training.dropout)


class _Observations:
    """Input of the classifiers as one row: decrypted image, photo without the face, features of the code."""

    def __init__(self, features: Features, side: int):
        self.features = features
        self.side = side

    def __call__(self, target: Target, w: Codes, around: Float[Tensor, "m 4 s s"]) -> Float[Tensor, "m f"]:
        pictures = target.pictures(w, self.side)
        return torch.cat([pictures.flatten(1), around.to(pictures).flatten(1), self.features(target, w)], dim=1)


class _PictureNetwork(nn.Module):
    """Three strided convolutions on the first 3 or 7 channels; with 7, the head also sees the code's features."""

    def __init__(self, images: int, side: int, inputs: int, channels: int, dropout: float):
        super().__init__()
        self.images, self.side = images, side
        self.numbers = inputs - IMAGES * side**2 if images == IMAGES else 0
        widths = (images, channels, 2 * channels, 4 * channels)
        self.trunk = nn.Sequential(
            *(
                layer
                for before, after in itertools.pairwise(widths)
                for layer in (nn.Conv2d(before, after, 3, stride=2, padding=1), nn.GELU())
            ),
            nn.Flatten(),
        )
        flat = 4 * channels * math.ceil(side / 8) ** 2
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(flat + self.numbers, 8 * channels),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(8 * channels, 1),
        )

    def forward(self, x: Float[Tensor, "m f"]) -> Float[Tensor, "m 1"]:
        images = x[:, : self.images * self.side**2].unflatten(1, (self.images, self.side, self.side))
        score: Tensor = self.head(torch.cat([self.trunk(images), x[:, x.shape[1] - self.numbers :]], dim=1))
        return score
