"""``audit=generator``: face detection, diversity and memorisation of its samples."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.face_set import FaceSet
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.evaluation.audits.archives import FaceArchives, drawn
from riddle_pl.evaluation.audits.audit import Audit, AuditContext, Findings
from riddle_pl.evaluation.audits.embeddings import embed
from riddle_pl.evaluation.audits.population import confusion_figures, memorisation_figures, nearest, population_figures
from riddle_pl.evaluation.audits.samples import closest_picture, codes, draw, sample_pictures, truncated
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.judging.calibration import calibrate
from riddle_pl.judging.pairs import strangers
from riddle_pl.judging.people import FaceSource
from riddle_pl.judging.recognisers import Recogniser
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import load_pack
from riddle_pl.pretraining.generator.perceptual import strangers_distance

Samples = Mapping[str, Float[Tensor, "n 3 h h"]]
"""Images by what is said of them in the report."""

MISTAKEN_FAR = 1e-3
"""False-accept rate at which two samples count as one person: that of ``riddle-eval``."""


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

    def check(self, context: AuditContext) -> None:
        self.faces.check()
        self.people.check()
        if self.reference is not None:
            load_pack(self.reference).check("generator")

    def run(self, context: AuditContext) -> Findings:
        generator = context.generator()
        samples = self._samples(generator, context)
        findings = Findings(notes=list(NOTES))
        findings.figures += _detection(context, samples)
        findings.figures += _strangers(context, samples)
        findings.pictures += sample_pictures(generator, samples, context.seed)
        if not context.recognisers:
            return findings
        train = self.faces.train(context.pack.size)
        held_out = self.faces.strangers(context.pack.size, train)
        train = drawn(train, self.training, context.seed)
        if len(train) < 4:
            raise DataError(f"{len(train)} training faces are too few for two halves; give more")
        findings.about["training faces"] = f"{len(train):,} of {', '.join(self.faces.archives)}"
        findings.about["held-out strangers"] = f"{len(held_out):,} of the same archives"
        others: Samples = {}
        if self.reference is not None:
            pack = load_pack(self.reference)
            others = self._samples(context.generator(pack), context)
            findings.about["reference"] = f"generator, sha256 {pack.expected_sha256('generator')}"
        for recogniser in context.recognisers:
            self._judge(context, recogniser, samples, others, train, held_out, findings)
        return findings

    def _samples(self, generator: FaceGenerator, context: AuditContext) -> Samples:
        w = codes(generator, self.count, context.seed)
        return {f"psi {psi:g}": draw(generator, truncated(generator, w, psi), context.batch_size) for psi in self.psis}

    def _judge(
        self,
        context: AuditContext,
        recogniser: Recogniser,
        samples: Samples,
        others: Samples,
        train: FaceSet,
        held_out: FaceSet,
        findings: Findings,
    ) -> None:
        """Everything that one recogniser says."""
        judge = recogniser.name
        real = embed(recogniser, train.images, f"{judge}: training faces", context.quiet)
        unseen = embed(recogniser, held_out.images, f"{judge}: held-out faces", context.quiet)
        own, other = (
            {name: embed(recogniser, x, f"{judge}: {name}", context.quiet) for name, x in some.items()}
            for some in (samples, others)
        )
        beside = {f"{name} of the reference": rows for name, rows in other.items()}
        findings.figures += population_figures(judge, real, {**own, **beside}, self.count, context.seed)
        near = {f"samples at {name}": nearest(rows, real) for name, rows in own.items()}
        people = self._people(context, recogniser)
        near["held-out strangers"] = nearest(unseen, real)
        near[f"people of {self.people.name}"] = nearest(people, real)
        pairs = strangers(people, self.people.name)
        threshold = calibrate(pairs, MISTAKEN_FAR).threshold
        findings.figures += confusion_figures(judge, {**own, **beside}, threshold, MISTAKEN_FAR)
        found = calibrate(pairs, self.far)
        findings.about[f"same person by {judge}"] = (
            f"cosine above {found.threshold:.3f}, which {found.far:.2g} of {found.different:,} pairs among "
            f"{len(people):,} people of {self.people.name} exceed"
        )
        findings.figures += memorisation_figures(context, f"Memorisation by {judge}", near, found.threshold)
        for name, x in samples.items():
            findings.pictures.append(closest_picture(judge, name, x, near[f"samples at {name}"], train))

    def _people(self, context: AuditContext, recogniser: Recogniser) -> Float[Tensor, "n d"]:
        """Embeddings of people whom nothing was trained on."""
        faces = [x for _, x in self.people.held_out(context.seed, context.pack.size)]
        return embed(recogniser, torch.cat(faces), f"{recogniser.name}: {self.people.name}", context.quiet)


NOTES = (
    "FD: Fréchet distance of a recogniser's embeddings of unit length. It is not FID, and only numbers of equal counts "
    "may be compared.",
    "Distance of two faces: 1 - cosine of their embeddings, the mean over all pairs.",
    "Memorisation: with so many training faces some stranger always passes for one of them. A generator that repeats "
    "people passes more often than held-out strangers do, of whom no image was trained on. Held-out faces of synthetic "
    "people may be alike to the training ones because one generator drew both; people of LFW are not.",
)


def _strangers(context: AuditContext, samples: Samples) -> list[Measurement]:
    """What the manifest says of perceptual features that are not LPIPS."""
    if not context.pack.has("perceptual"):
        return []
    features = context.pack.load("perceptual")
    return [
        Measurement.plain(
            "Perceptual features", f"distance of two people, {name}", strangers_distance(features, x), len(x)
        )
        for name, x in samples.items()
    ]


def _detection(context: AuditContext, samples: Samples) -> list[Measurement]:
    return [
        Measurement.of(
            "Detection",
            f"{detector.name} finds a face, {name}",
            context.estimate(detector.locate(x).found.float()),
            "higher",
        )
        for detector in context.detectors
        for name, x in samples.items()
    ]
