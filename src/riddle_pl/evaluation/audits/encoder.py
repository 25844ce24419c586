"""``audit=encoder``: fidelity of inversions, by group of people, and the distance of their codes from W."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from riddle_pl.data.face_set import to_float
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.audits.archives import GROUPS_NOTE, FaceArchives, members_of
from riddle_pl.evaluation.audits.audit import Audit, AuditContext, Findings, Picture
from riddle_pl.evaluation.audits.inversions import Inverted, distance_to_w_figures, invert_all, similarity_figures
from riddle_pl.evaluation.audits.samples import codes, sheet
from riddle_pl.evaluation.audits.verification import calibrated
from riddle_pl.evaluation.audits.w_statistics import LEADING, WStatistics, w_statistics
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.inversion import EncoderInversion, Inversion
from riddle_pl.judging.calibration import Calibration
from riddle_pl.judging.lfw import LFW
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.pretraining.sheet import COLUMNS, stacked_rows

OWN = 1000
"""Codes of W itself, for comparison."""


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
        refined: int = 50,
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

    def check(self, context: AuditContext) -> None:
        self.people.check()
        self.inversion.check()
        context.pack.check("generator", "perceptual")
        if self.count:
            self.faces.check()

    def run(self, context: AuditContext) -> Findings:
        findings = Findings(notes=list(NOTES))
        generator = context.generator()
        spread = w_statistics(generator, context.seed)
        thresholds = calibrated(context, self.people, self.far, findings)
        encoder = EncoderInversion(context.pack, str(context.device))
        x = torch.cat([face for _, face in self.people.held_out(context.seed, context.pack.size)])
        found = invert_all(context, encoder, generator, x)
        section = f"{self.people.name}: {len(found):,} people"
        findings.figures += [
            *similarity_figures(context, section, found, thresholds, self.far),
            *distance_to_w_figures(context, section, found.w, spread),
            _own_nearness(context, section, generator, spread),
        ]
        picture = _rows(found.x, found.x_inv)
        findings.pictures.append(Picture("inversions", "Held-out faces above their inversions", picture, False))
        if self.inversion.name != encoder.name:
            self._compare(context, found.first(self.refined), generator, spread, thresholds, findings)
        if self.count:
            self._by_group(context, encoder, generator, thresholds, findings)
        return findings

    def _compare(
        self,
        context: AuditContext,
        found: Inverted,
        generator: FaceGenerator,
        spread: WStatistics,
        thresholds: Mapping[str, Calibration],
        findings: Findings,
    ) -> None:
        """Compares the encoder with the other inversion."""
        other = invert_all(context, self.inversion, generator, found.x)
        for name, inverted in (("encoder", found), (self.inversion.name, other)):
            section = f"invert={name}: {len(inverted):,} of these people"
            findings.figures += similarity_figures(context, section, inverted, thresholds, self.far)
            findings.figures += distance_to_w_figures(context, section, inverted.w, spread)
        caption = f"Held-out faces, inversions by the encoder, and by invert={self.inversion.name}"
        picture = _rows(found.x, found.x_inv, other.x_inv)
        findings.pictures.append(Picture(f"inversions_{self.inversion.name}", caption, picture, False))

    def _by_group(
        self,
        context: AuditContext,
        encoder: Inversion,
        generator: FaceGenerator,
        thresholds: Mapping[str, Calibration],
        findings: Findings,
    ) -> None:
        """Held-out faces of the archives, overall and by group."""
        unseen = self.faces.unseen(context.pack.size, self.count, context.seed)
        found = invert_all(context, encoder, generator, to_float(unseen.images))
        section = f"Held-out part of {', '.join(self.faces.archives)}"
        findings.figures += similarity_figures(context, section, found, thresholds, self.far)
        for group, indices in members_of(unseen.names, self.smallest).items():
            psnr = context.estimate(found.psnr[indices])
            findings.figures.append(Measurement.of("By group", f"{group}: PSNR in dB", psnr, digits=2))
            for name, cosines in found.cosines.items():
                cosine = context.estimate(cosines[indices])
                findings.figures.append(Measurement.of("By group", f"{group}: cosine by {name}", cosine))


NOTES = (
    "Nearness to W: a code's distance from the mean of W that lies outside the components in which W varies; and how "
    "far its layers are from its first, in standard deviations of W (codes of W itself: 0).",
    GROUPS_NOTE,
)


def _own_nearness(context: AuditContext, section: str, generator: FaceGenerator, spread: WStatistics) -> Measurement:
    """The figure of :func:`distance_to_w_figures` for W codes."""
    w = generator.broadcast(codes(generator, OWN, context.seed + 1)).cpu()
    return Measurement.of(
        section, f"W itself: the same share outside {LEADING} components", context.estimate(spread.outside(w))
    )


def _rows(*series: Float[Tensor, "n 3 h h"]) -> Image.Image:
    return sheet(stacked_rows(*(images[: 2 * COLUMNS] for images in series)), COLUMNS)
