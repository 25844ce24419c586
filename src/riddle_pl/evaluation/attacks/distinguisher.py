"""A small network that distinguishes codes of faces from wrong decryptions."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.evaluation.attacks.attack import require_positive
from riddle_pl.evaluation.attacks.target import Codes, Faces, Target
from riddle_pl.judging.metrics.auroc import auroc
from riddle_pl.judging.metrics.codes import TINY, Components
from riddle_pl.networks.encryptors.padded import PaddedEncryptor

FARTHEST = 10.0
"""Clamp of features in standard deviations."""
JUDGED = 0.15
"""Share of the public faces for validation."""
CHOICES = 15


class Features:
    """Input features of a code: standardised numbers x, and x² - 1.

    For a padded encryptor these are coordinates and contexts; for others, the whitened principal components of half of
    the public codes, and the share of variance outside of them.

    Args:
        target: the attacked encryptor, in the contexts of the public faces.
        public: codes of these faces.
        components: principal components.
    """

    def __init__(self, target: Target, public: Codes, components: int):
        self.padded = isinstance(target.encryptor, PaddedEncryptor)
        self.first = 0 if self.padded else len(public) // 2
        """Index of the first public code on which the features do not depend."""
        self.components = None if self.padded else Components.of(public[: self.first], components)
        x = self._numbers(target, public)[self.first :]
        self.mean, self.deviation = x.mean(dim=0), x.std(dim=0) + TINY

    @torch.no_grad()
    def __call__(self, target: Target, w: Codes) -> Float[Tensor, "m f"]:
        """Features of codes in the contexts of ``target``."""
        x = ((self._numbers(target, w) - self.mean) / self.deviation).clamp(-FARTHEST, FARTHEST)
        return torch.cat([x, x.square() - 1.0], dim=1)

    def _numbers(self, target: Target, w: Codes) -> Float[Tensor, "m f"]:
        if self.components is not None:
            return self.components.described(w).float()
        coordinates = target.coordinates(w).float()
        if target.context is None:
            return coordinates
        return torch.cat([coordinates, target.context.expand(len(w), -1).float()], dim=1)


@dataclass(frozen=True)
class Distinguisher:
    """A trained classifier of codes."""

    features: Features
    network: nn.Module

    @torch.no_grad()
    def __call__(self, target: Target, w: Codes) -> Float[Tensor, "m"]:
        """A score; higher for right decryptions."""
        score: Tensor = self.network(self.features(target, w))[:, 0]
        return score


@dataclass(frozen=True)
class Fit:
    """Training of a binary classifier of right and wrong decryptions of public faces.

    The network with the largest validation AUROC is kept.

    Args:
        dropout: of the network.
        steps: of AdamW, with cosine decay of the learning rate to zero.
        batch: examples of each class per step.
        learning_rate: at the start.
        wrong: wrong decryptions per public face.

    Raises:
        ConfigError: a value is out of range.
    """

    dropout: float = 0.3
    steps: int = 1500
    batch: int = 128
    learning_rate: float = 1e-3
    wrong: int = 8

    def __post_init__(self) -> None:
        require_positive("*.training", steps=self.steps, batch=self.batch, wrong=self.wrong)

    @torch.enable_grad()
    def fit(
        self,
        build: Callable[[int], nn.Module],
        right: Float[Tensor, "m f"],
        wrong: Float[Tensor, "v m f"],
        seed: int,
    ) -> nn.Module:
        """Trains the network; the first faces are for validation.

        Args:
            build: from the number of features to the network, with one output.
            right: features of each public face.
            wrong: features of wrong decryptions of the same faces.
            seed: of weights and batches.
        """
        judged = max(1, round(JUDGED * len(right)))
        judged_right, judged_wrong = right[:judged], wrong[:, :judged]
        right, wrong = right[judged:], wrong[:, judged:]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = build(right.shape[1]).to(right.device)
            optimizer = torch.optim.AdamW(network.parameters(), self.learning_rate)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
            best, kept = -1.0, copy.deepcopy(network)
            pool, every = wrong.flatten(0, 1), max(1, self.steps // CHOICES)
            for step in range(1, self.steps + 1):
                network.train()
                drawn = torch.cat([side[torch.randint(len(side), (self.batch,))] for side in (right, pool)])
                truth = torch.tensor([1.0, 0.0], device=drawn.device).repeat_interleave(self.batch)
                loss = F.binary_cross_entropy_with_logits(network(drawn)[:, 0], truth)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                if step % every == 0 or step == self.steps:
                    network.eval()
                    with torch.no_grad():
                        found = auroc(network(judged_right)[:, 0], network(judged_wrong.flatten(0, 1))[:, 0])
                    if found > best:
                        best, kept = found, copy.deepcopy(network)
        return kept.eval().requires_grad_(False)


@dataclass(frozen=True)
class Training(Fit):
    """Training of a :class:`Distinguisher` on codes.

    Args:
        components: principal components of public codes, for encryptors without a code model.
        width: of the two hidden layers.
    """

    components: int = 600
    width: int = 512

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive("*.training", components=self.components, width=self.width)

    def __call__(self, target: Target, faces: Faces) -> Distinguisher:
        """Trains it on the public faces, once per target."""
        if self not in target.learned:
            target.learned[self] = self._train(target.around(faces.public_around), faces.public)
        found: Distinguisher = target.learned[self]
        return found

    def _train(self, target: Target, public: Codes) -> Distinguisher:
        rng = target.rng("distinguisher")
        features = Features(target, public, self.components)
        rows = features.first + torch.randperm(len(public) - features.first, generator=rng).to(public.device)
        target, codes = target.at(rows), public[rows]
        right = features(target, codes)
        wrong = torch.stack([features(target, reopened(target, codes, rng)) for _ in range(self.wrong)])
        return Distinguisher(features, self.fit(self._network, right, wrong, target.seed))

    def _network(self, inputs: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for width in (inputs, self.width):
            layers += [nn.Linear(width, self.width), nn.GELU(), nn.Dropout(self.dropout)]
        return nn.Sequential(*layers, nn.Linear(self.width, 1))


def reopened(target: Target, w: Codes, rng: torch.Generator) -> Codes:
    """Decryptions with wrong passwords."""
    return target.encrypt(target.encrypt(w, rng), rng)
