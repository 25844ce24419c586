"""Inversions of faces: identity, perceptual distance and PSNR against the photo."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.audits.audit import AuditContext
from riddle_pl.evaluation.audits.embeddings import embed
from riddle_pl.evaluation.audits.w_statistics import LEADING, WStatistics
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.inversion import Inversion
from riddle_pl.judging.calibration import Calibration
from riddle_pl.judging.features import PerceptualFeatures
from riddle_pl.judging.metrics import PSNR, PerceptualDistance
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.process import track


@dataclass(frozen=True)
class Inverted:
    """Faces, their codes and inversions, and their similarity."""

    x: Float[Tensor, "n 3 h h"]
    w: Float[Tensor, "n k 512"]
    x_inv: Float[Tensor, "n 3 h h"]
    cosines: Mapping[str, Float[Tensor, "n"]]
    """By recogniser."""
    distance: Float[Tensor, "n"]
    """In the pack's perceptual features."""
    psnr: Float[Tensor, "n"]
    """In dB."""
    seconds: float
    """Per face, to find the code."""

    def __len__(self) -> int:
        return len(self.x)

    def first(self, count: int) -> "Inverted":
        """The first faces."""
        cosines = {name: values[:count] for name, values in self.cosines.items()}
        rows = (self.x[:count], self.w[:count], self.x_inv[:count])
        return Inverted(*rows, cosines, self.distance[:count], self.psnr[:count], self.seconds)


def invert_all(
    context: AuditContext, inversion: Inversion, generator: FaceGenerator, x: Float[Tensor, "n 3 h h"]
) -> Inverted:
    """Inverts faces in [-1, 1] and compares the inversions with them."""
    parts = x.split(context.batch_size)
    inversion(parts[0][:1])  # load the networks before timing
    started = time.perf_counter()
    w = torch.cat([inversion(part) for part in track(parts, len(parts), f"inverting: {inversion.name}", context.quiet)])
    seconds = (time.perf_counter() - started) / len(x)
    perceptual = PerceptualFeatures(context.pack, device=str(context.device))
    distance, psnr, images = PerceptualDistance(), PSNR(), []
    for part, codes in zip(parts, w.split(context.batch_size), strict=True):
        with torch.no_grad():
            x_inv = generator(codes.to(context.device)).clamp(-1.0, 1.0).float().cpu()
        distance.update([m.cpu() for m in perceptual.maps(x_inv)], [m.cpu() for m in perceptual.maps(part)])
        psnr.update(x_inv, part)
        images.append(x_inv)
    x_inv = torch.cat(images)
    cosines = {r.name: (embed(r, x) * embed(r, x_inv)).sum(dim=1) for r in context.recognisers}
    return Inverted(x, w, x_inv, cosines, distance.per_face(), psnr.per_face(), seconds)


def similarity_figures(
    context: AuditContext, section: str, found: Inverted, thresholds: Mapping[str, Calibration], far: float
) -> list[Measurement]:
    """Identity, perceptual distance and PSNR of inversions against their photos.

    Args:
        section: heading.
        found: faces and inversions.
        thresholds: by recogniser.
        far: false-accept rate of the thresholds.
    """
    figures = []
    for name, cosines in found.cosines.items():
        same = context.estimate((cosines > thresholds[name].threshold).float())
        figures += [
            Measurement.of(section, f"cosine of photo and inversion by {name}", context.estimate(cosines), "higher"),
            Measurement.of(section, f"identified by {name} at FAR {far:g}", same, "higher"),
        ]
    measure = PerceptualFeatures(context.pack).name
    return [
        *figures,
        Measurement.of(section, f"distance in {measure}", context.estimate(found.distance), "lower"),
        Measurement.of(section, "PSNR in dB", context.estimate(found.psnr), "higher", 2),
        Measurement.plain(section, "seconds per face", found.seconds, len(found), "lower", 4),
    ]


def distance_to_w_figures(
    context: AuditContext, section: str, w: Float[Tensor, "n k 512"], spread: WStatistics
) -> list[Measurement]:
    """Distance of codes from W."""
    outside, offsets = context.estimate(spread.outside(w)), context.estimate(spread.offsets(w))
    return [
        Measurement.of(section, f"codes: share of variance outside {LEADING} components of W", outside, "lower"),
        Measurement.of(section, "codes: offsets between layers, in deviations of W", offsets, "lower"),
    ]
