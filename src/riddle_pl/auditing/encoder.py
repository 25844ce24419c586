"""``audit=encoder``: how much of a held-out face an inversion keeps, for whom, and how near to W its codes stay."""

import time
from typing import NamedTuple

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from riddle_pl.auditing.archives import FaceArchives, drawn, groups_of
from riddle_pl.auditing.audit import Audit, Bench, Figure, Findings, Picture
from riddle_pl.auditing.embeddings import embed
from riddle_pl.auditing.samples import codes, sheet
from riddle_pl.auditing.spread_of_w import LEADING, SpreadOfW, spread_of_w
from riddle_pl.data.progress import track
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.calibration import Calibration, calibrate
from riddle_pl.evaluation.features import PerceptualFeatures
from riddle_pl.evaluation.lfw import LFW
from riddle_pl.evaluation.metrics import PSNR, PerceptualDistance
from riddle_pl.evaluation.pairs import lfw_pairs
from riddle_pl.evaluation.recognisers import Recogniser
from riddle_pl.inversion import EncoderInversion, Inversion
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.pretraining.faces import to_float
from riddle_pl.pretraining.sheet import COLUMNS, stacked_rows

OWN = 1000
"""Codes of W itself, for comparison."""


class Inverted(NamedTuple):
    """Faces and their inversions."""

    x: Float[Tensor, "n 3 h h"]
    w: Float[Tensor, "n k 512"]
    x_inv: Float[Tensor, "n 3 h h"]
    seconds: float
    """Per face."""


class EncoderAudit(Audit):
    """Inverts held-out faces: of LFW, and of the archives that the recipes train on, where names tell groups.

    Args:
        people: faces and pairs of LFW.
        faces: archives whose held-out part is inverted.
        inversion: another way to invert, compared with the encoder on some of LFW's faces.
        count: held-out faces of the archives, at most; 0: none.
        refined: faces of LFW that ``inversion`` inverts, at most.
        far: false-accept rate at which an inversion counts as identified.
        smallest: groups with fewer faces are left out.

    Raises:
        ConfigError: a value is out of range.
    """

    role = "encoder"

    def __init__(
        self,
        people: LFW,
        faces: FaceArchives,
        inversion: Inversion,
        count: int = 1000,
        refined: int = 100,
        far: float = 1e-3,
        smallest: int = 10,
    ):
        if count < 0 or refined < 1 or not 0.0 <= far < 1.0:
            raise ConfigError(f"audit.count={count}, refined={refined}, far={far}; give at least 0, 1, 0 to below 1")
        self.people = people
        self.faces = faces
        self.inversion = inversion
        self.count = count
        self.refined = refined
        self.far = far
        self.smallest = smallest

    def check(self, bench: Bench) -> None:
        self.people.check()
        self.inversion.check()
        for role in ("generator", "perceptual"):
            bench.pack.verify(role)
        if self.count:
            self.faces.check()

    def run(self, bench: Bench) -> Findings:
        findings = Findings(notes=list(NOTES))
        generator = bench.generator()
        spread = spread_of_w(generator, bench.seed)
        encoder = EncoderInversion(bench.pack, str(bench.device))
        thresholds = self._calibrate(bench, findings)
        keys, x = self._people(bench)
        found = _invert(bench, encoder, generator, x)
        self._measure(bench, f"{self.people.name}: {len(keys):,} people", found, thresholds, findings)
        findings.figures += _near_w(bench, "Nearness to W", encoder.name, found.w, spread)
        outside = spread.outside(generator.broadcast(codes(generator, OWN, bench.seed + 1)).cpu())
        findings.figures.append(
            Figure.of(
                "Nearness to W", f"W itself: share of variance outside {LEADING} components", bench.estimate(outside)
            )
        )
        findings.pictures.append(
            Picture("inversions", "Held-out faces above their inversions", _sheet(found.x, found.x_inv), False)
        )
        if self.inversion.name != encoder.name:
            self._compare(bench, found, generator, spread, thresholds, findings)
        if self.count:
            self._groups(bench, encoder, generator, thresholds, findings)
        return findings

    def _people(self, bench: Bench) -> tuple[list[str], Float[Tensor, "n 3 h h"]]:
        pairs = list(self.people.held_out(bench.seed, bench.pack.size))
        return [key for key, _ in pairs], torch.cat([x for _, x in pairs])

    def _calibrate(self, bench: Bench, findings: Findings) -> dict[str, Calibration]:
        found = {}
        for recogniser in bench.recognisers:
            pairs = lfw_pairs(recogniser, self.people, bench.pack.size, bench.cache_dir, bench.quiet)
            found[recogniser.name] = calibrate(pairs, self.far)
            findings.about[f"same person by {recogniser.name}"] = (
                f"cosine above {found[recogniser.name].threshold:.4f} (FAR {self.far:g} on {pairs.origin}), which "
                f"{found[recogniser.name].tar:.3f} of the pairs of one person exceed"
            )
        return found

    def _compare(
        self,
        bench: Bench,
        found: Inverted,
        generator: Generator,
        spread: SpreadOfW,
        thresholds: dict[str, Calibration],
        findings: Findings,
    ) -> None:
        """The first faces again, by the encoder and by the other inversion."""
        few = Inverted(*(rows[: self.refined] for rows in found[:3]), found.seconds)
        other = _invert(bench, self.inversion, generator, few.x)
        for name, inverted in (("encoder", few), (self.inversion.name, other)):
            section = f"invert={name}: {len(few.x):,} of these people"
            self._measure(bench, section, inverted, thresholds, findings)
            findings.figures += _near_w(bench, section, name, inverted.w, spread)
        picture = _sheet(few.x, few.x_inv, other.x_inv)
        caption = f"Held-out faces, inversions by the encoder, and by invert={self.inversion.name}"
        findings.pictures.append(Picture(f"inversions_{self.inversion.name}", caption, picture, False))

    def _groups(
        self,
        bench: Bench,
        encoder: Inversion,
        generator: Generator,
        thresholds: dict[str, Calibration],
        findings: Findings,
    ) -> None:
        unseen = drawn(self.faces.unseen(bench.pack.size), self.count, bench.seed)
        found = _invert(bench, encoder, generator, to_float(unseen.images))
        archives = ", ".join(self.faces.archives)
        self._measure(bench, f"Held-out part of {archives}", found, thresholds, findings)
        members: dict[str, list[int]] = {}
        for index, name in enumerate(unseen.names):
            for group in groups_of(name):
                members.setdefault(group, []).append(index)
        psnr = _psnr(found)
        cosines = {r.name: _cosines(found, r) for r in bench.recognisers}
        for group, indices in sorted(members.items()):
            if len(indices) >= self.smallest:
                findings.figures.append(
                    Figure.of("By group", f"{group}: PSNR in dB", bench.estimate(psnr[indices]), digits=2)
                )
                for name, values in cosines.items():
                    estimate = bench.estimate(values[indices])
                    findings.figures.append(Figure.of("By group", f"{group}: cosine by {name}", estimate))

    def _measure(
        self, bench: Bench, section: str, found: Inverted, thresholds: dict[str, Calibration], findings: Findings
    ) -> None:
        perceptual = PerceptualFeatures(bench.pack, device=str(bench.device))
        for recogniser in bench.recognisers:
            cosines = _cosines(found, recogniser)
            same = (cosines > thresholds[recogniser.name].threshold).float()
            findings.figures += [
                Figure.of(
                    section, f"cosine of photo and inversion by {recogniser.name}", bench.estimate(cosines), "higher"
                ),
                Figure.of(
                    section, f"identified by {recogniser.name} at FAR {self.far:g}", bench.estimate(same), "higher"
                ),
            ]
        distance = PerceptualDistance()
        for x, x_inv in zip(found.x.split(bench.batch_size), found.x_inv.split(bench.batch_size), strict=True):
            distance.update(perceptual.maps(x_inv), perceptual.maps(x))
        findings.figures += [
            Figure.of(section, f"distance in {perceptual.name}", bench.estimate(distance.per_face()), "lower"),
            Figure.of(section, "PSNR in dB", bench.estimate(_psnr(found)), "higher", 2),
            Figure.plain(section, "seconds per face", found.seconds, len(found.x), "lower", 4),
        ]


NOTES = (
    "Nearness to W: a code's distance from the mean of W that lies outside the components in which W varies; and how "
    "far its layers are from its first, in standard deviations of W (codes of W itself: 0).",
    "Groups are those that the names of the files tell; ages are those of All-Age-Faces, sex and coarse ethnic labels "
    "those of the synthetic people. A lower cosine can also mean photos of another kind.",
)


def _invert(bench: Bench, inversion: Inversion, generator: Generator, x: Float[Tensor, "n 3 h h"]) -> Inverted:
    started = time.perf_counter()
    parts = x.split(bench.batch_size)
    w = torch.cat([inversion(part) for part in track(parts, len(parts), f"inverting: {inversion.name}", bench.quiet)])
    seconds = (time.perf_counter() - started) / len(x)
    with torch.no_grad():
        images = [generator(part.to(bench.device)).clamp(-1.0, 1.0).float().cpu() for part in w.split(bench.batch_size)]
    return Inverted(x.float().cpu(), w, torch.cat(images), seconds)


def _cosines(found: Inverted, recogniser: Recogniser) -> Float[Tensor, "n"]:
    return (embed(recogniser, found.x) * embed(recogniser, found.x_inv)).sum(dim=1)


def _psnr(found: Inverted) -> Float[Tensor, "n"]:
    metric = PSNR()
    metric.update(found.x_inv, found.x)
    return metric.per_face()


def _near_w(bench: Bench, section: str, name: str, w: Float[Tensor, "n k 512"], spread: SpreadOfW) -> list[Figure]:
    outside, offsets = bench.estimate(spread.outside(w)), bench.estimate(spread.offsets(w))
    return [
        Figure.of(section, f"{name}: share of variance outside {LEADING} components", outside, "lower"),
        Figure.of(section, f"{name}: offsets between layers", offsets, "lower"),
    ]


def _sheet(*series: Float[Tensor, "n 3 h h"]) -> Image.Image:
    return sheet(stacked_rows(*(images[: 2 * COLUMNS] for images in series)), COLUMNS)
