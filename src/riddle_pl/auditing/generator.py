"""``audit=generator``: do its samples look like faces, like many people, and like nobody it was trained on?"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.auditing.archives import FaceArchives, drawn
from riddle_pl.auditing.audit import Audit, Bench, Figure, Findings, Picture
from riddle_pl.auditing.embeddings import embed, embed_data
from riddle_pl.auditing.memorisation import Nearest, memorisation_figures, nearest
from riddle_pl.auditing.samples import codes, draw, sheet, style_mixing, truncated, truncation_strip
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.evaluation.calibration import calibrate
from riddle_pl.evaluation.faces import FaceSource
from riddle_pl.evaluation.metrics import FrechetDistance
from riddle_pl.evaluation.pairs import strangers
from riddle_pl.evaluation.recognisers import Recogniser
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import load_pack
from riddle_pl.pretraining.faces import FaceSet, to_float

SHEET = 48
COLUMNS = 8
CLOSEST = 16

Samples = Mapping[str, Float[Tensor, "n 3 h h"]]
"""Images by what is said of them in the report."""


class GeneratorAudit(Audit):
    """Draws random people and measures how they are found, how far they are from real faces and from each other.

    Args:
        faces: what the generator was trained on, and the held-out strangers.
        people: one photo each of people; their pairs give the threshold of ``far``.
        count: samples per truncation.
        psis: truncations.
        far: false-accept rate at which a sample counts as a training person.
        training: training faces in which the nearest is looked for, at most; null: all.
        reference: folder of another pack whose generator is measured beside; or null.

    Raises:
        ConfigError: a value is out of range.
    """

    role = "generator"
    other: ClassVar[str] = "reference"

    def __init__(
        self,
        faces: FaceArchives,
        people: FaceSource,
        count: int = 2000,
        psis: Sequence[float] = (0.8, 1.0),
        far: float = 1e-4,
        training: int | None = None,
        reference: str | None = None,
    ):
        if count < 2 or not psis or not 0.0 <= far < 1.0:
            raise ConfigError(f"audit.count={count}, psis={list(psis)}, far={far}; give at least 2, one, 0 to below 1")
        self.faces = faces
        self.people = people
        self.count = count
        self.psis = tuple(psis)
        self.far = far
        self.training = training
        self.reference = reference

    def check(self, bench: Bench) -> None:
        self.faces.check()
        self.people.check()
        if self.reference is not None:
            load_pack(self.reference).verify("generator")

    def run(self, bench: Bench) -> Findings:
        generator = bench.generator()
        samples = self._samples(generator, bench)
        findings = Findings(notes=list(NOTES))
        findings.figures += _detection(bench, samples)
        findings.pictures += _pictures(generator, samples, bench.seed)
        if not bench.recognisers:
            return findings
        train = self.faces.train(bench.pack.size)
        held_out = self.faces.strangers(bench.pack.size, train)
        train = drawn(train, self.training, bench.seed)
        if len(train) < 4:
            raise DataError(f"{len(train)} training faces are too few for two halves; give more")
        findings.about["training faces"] = f"{len(train):,} of {', '.join(self.faces.archives)}"
        findings.about["held-out strangers"] = f"{len(held_out):,} of the same archives"
        if self.reference is not None:
            pack = load_pack(self.reference)
            others = self._samples(bench.generator(pack), bench)
            findings.about["reference"] = f"generator, sha256 {pack.expected_sha256('generator')}"
            samples = {**samples, **{f"{self.other}, {name}": x for name, x in others.items()}}
        for recogniser in bench.recognisers:
            self._judge(bench, recogniser, samples, train, held_out, findings)
        return findings

    def _samples(self, generator: Generator, bench: Bench) -> Samples:
        w = codes(generator, self.count, bench.seed)
        return {f"psi {psi:g}": draw(generator, truncated(generator, w, psi), bench.batch_size) for psi in self.psis}

    def _judge(
        self,
        bench: Bench,
        recogniser: Recogniser,
        samples: Samples,
        train: FaceSet,
        held_out: FaceSet,
        findings: Findings,
    ) -> None:
        """Everything that one recogniser says."""
        real = embed_data(bench, recogniser, train.images, f"{recogniser.name}: training faces")
        unseen = embed_data(bench, recogniser, held_out.images, f"{recogniser.name}: held-out faces")
        seen = {name: embed(recogniser, x, f"{recogniser.name}: {name}", bench.quiet) for name, x in samples.items()}
        count = min(self.count, len(real) // 2)
        halves = real[torch.randperm(len(real), generator=torch.Generator().manual_seed(bench.seed))[: 2 * count]]
        first, second = halves.split(count)
        distance, spread = f"FD-{recogniser.name}", f"Diversity by {recogniser.name}"
        for name, rows in seen.items():
            findings.figures.append(
                Figure.plain(
                    distance, f"samples at {name} to real faces", _frechet(rows[:count], first), count, "lower"
                )
            )
        findings.figures.append(
            Figure.plain(distance, "real faces to other real faces (the floor)", _frechet(second, first), count)
        )
        between = _spread(first)
        findings.figures.append(Figure.plain(spread, "mean distance of two real people", between, count))
        for name, rows in seen.items():
            findings.figures += [
                Figure.plain(spread, f"mean distance of two samples at {name}", _spread(rows), len(rows)),
                Figure.plain(
                    spread, f"the same over real people's, {name}", _spread(rows) / between, len(rows), "higher"
                ),
            ]
        threshold = self._threshold(bench, recogniser, findings)
        near = {f"samples at {name}": nearest(rows, real) for name, rows in seen.items() if self.other not in name}
        near["held-out strangers"] = nearest(unseen, real)
        findings.figures += memorisation_figures(bench, f"Memorisation by {recogniser.name}", near, threshold)
        name, x = next((name, x) for name, x in samples.items())
        findings.pictures.append(_closest(recogniser.name, name, x, near[f"samples at {name}"], train))

    def _threshold(self, bench: Bench, recogniser: Recogniser, findings: Findings) -> float:
        faces = [x for _, x in self.people.held_out(bench.seed, bench.pack.size)]
        images = ((torch.cat(faces) + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
        rows = embed_data(bench, recogniser, images, f"{recogniser.name}: {self.people.name}")
        found = calibrate(strangers(rows, self.people.name), self.far)
        findings.about[f"same person by {recogniser.name}"] = (
            f"cosine above {found.threshold:.3f}, which {found.far:.2g} of {found.different:,} pairs among "
            f"{len(rows):,} people of {self.people.name} exceed"
        )
        return found.threshold


NOTES = (
    "FD: Fréchet distance of a recogniser's embeddings of unit length. It is not FID, and only numbers of equal counts "
    "may be compared.",
    "Distance of two faces: 1 - cosine of their embeddings, the mean over all pairs.",
    "Memorisation: with so many training faces some stranger always passes for one of them. A generator that repeats "
    "people passes more often than held-out strangers do, of whom no image was trained on.",
)


def _detection(bench: Bench, samples: Samples) -> list[Figure]:
    return [
        Figure.of(
            "Detection",
            f"{detector.name} finds a face, {name}",
            bench.estimate(detector.locate(x).found.float()),
            "higher",
        )
        for detector in bench.detectors
        for name, x in samples.items()
    ]


def _frechet(features: Float[Tensor, "n d"], references: Float[Tensor, "m d"]) -> float:
    metric = FrechetDistance(features.shape[1])
    metric.update(features, references)
    return float(metric.compute().mean)


def _spread(rows: Float[Tensor, "n d"]) -> float:
    """Mean of 1 - cosine over all pairs: from the length of the sum, since Σ_ij a_i·a_j = |Σ a_i|²."""
    count = len(rows)
    total = rows.double().sum(dim=0).square().sum() - count
    return float(1.0 - total / (count * (count - 1)))


def _pictures(generator: Generator, samples: Samples, seed: int) -> list[Picture]:
    w = codes(generator, 14, seed + 1)
    sheets = [
        Picture(
            f"samples_{name.replace(' ', '_')}", f"Random people, {name}, not chosen", sheet(x[:SHEET], COLUMNS), True
        )
        for name, x in samples.items()
    ]
    return [
        *sheets,
        Picture("truncation", "Truncation: psi 0 to 1.2 from left to right", truncation_strip(generator, w[:6]), True),
        Picture(
            "style_mixing",
            "Style mixing: coarse layers of the person on the left, fine ones of the person above",
            style_mixing(generator, w, 6),
            True,
        ),
    ]


def _closest(judge: str, name: str, x: Float[Tensor, "n 3 h h"], near: Nearest, train: FaceSet) -> Picture:
    """The samples that are nearest to a training face, each beside it. It shows data, so no card may have it."""
    best = near.cosine.topk(min(CLOSEST, len(x))).indices
    pairs = torch.stack([x[best], to_float(train.images[near.index[best]])], dim=1).flatten(0, 1)
    caption = f"Samples at {name} nearest to a training face by {judge}, each left of that face"
    return Picture(f"closest_{judge}", caption, sheet(pairs, COLUMNS), False)
