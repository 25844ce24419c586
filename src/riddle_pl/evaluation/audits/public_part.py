"""``audit=public_part``: quality and leakage by number of public coordinates and of nonces to choose from."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.audits.audit import Audit, AuditContext, Findings
from riddle_pl.evaluation.audits.embeddings import embed
from riddle_pl.evaluation.audits.verification import calibrated
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.faces.pixels import to_lab
from riddle_pl.inversion import Inversion
from riddle_pl.judging.calibration import Calibration
from riddle_pl.judging.detectors import Detections
from riddle_pl.judging.lfw import LFW
from riddle_pl.judging.metrics import IdentificationRate, OtherPeopleRate
from riddle_pl.judging.metrics.codes import ranks
from riddle_pl.networks.encryptors.padded import PaddedEncryptor
from riddle_pl.password import random_passwords
from riddle_pl.photos.face_coder import FaceCoder
from riddle_pl.photos.nonces import AnyNonce, BestFit
from riddle_pl.photos.paste.mask import ParserMap
from riddle_pl.photos.without_face import without_face
from riddle_pl.process import track

GROUP = 8
"""Faces whose candidates are held at a time."""
COARSE = 16
"""Side of the photos without their faces, in pixels."""


@dataclass(frozen=True)
class Seen:
    """Embeddings, detections and colours of each person's image."""

    embeddings: Mapping[str, Float[Tensor, "n d"]]
    """By recogniser."""
    detections: Mapping[str, Detections]
    """By detector."""
    colours: Float[Tensor, "n 3"]
    """Mean of the face in CIELAB; NaN where the parser finds no face."""


class PublicPartAudit(Audit):
    """Encrypts faces with varying numbers of public coordinates and of nonces to choose from.

    Public coordinates are the leading ones of the encryptor's ``axes``. Contexts are used if the encryptor has them.

    Args:
        inversion: how codes are found.
        people: faces and pairs of LFW.
        encryptor: role of a padded encryptor in the pack.
        public: numbers of public coordinates.
        candidates: numbers of nonces that ``nonce=best_fit`` chooses among; 1: any.
        far: false-accept rate of the recognisers' thresholds.

    Raises:
        ConfigError: a value is out of range.
    """

    heading = "## Public part"

    def __init__(
        self,
        inversion: Inversion,
        people: LFW,
        encryptor: str = "encryptor-padded",
        public: Sequence[int] = (0,),
        candidates: Sequence[int] = (1, 4, 16),
        far: float = 1e-3,
    ):
        if not public or not candidates or min(public) < 0 or min(candidates) < 1 or not 0.0 <= far < 1.0:
            raise ConfigError(
                f"audit.public={list(public)}, audit.candidates={list(candidates)}, audit.far={far}; give numbers from "
                "0 on, from 1 on, and 0 to below 1"
            )
        self.inversion = inversion
        self.people = people
        self.role = encryptor
        self.public = tuple(public)
        self.candidates = tuple(sorted(candidates))
        self.far = far

    def check(self, context: AuditContext) -> None:
        context.require_encryptor(self.role)
        entry = context.pack.entry(self.role)
        if entry.arch != "padded":
            raise ConfigError(f"audit.encryptor={self.role} is {entry.arch}; only a padded encryptor has a public part")
        components = int(entry.args["components"])
        if max(self.public) >= components:
            raise ConfigError(f"audit.public={list(self.public)}; {self.role} has {components} coordinates, give less")
        if max(self.public) and not entry.args.get("public"):
            raise ConfigError(
                f"audit.public={list(self.public)}; {self.role} was fitted without directions that can stay in clear: "
                "give [0], or fit one with recipe.public.count"
            )
        if not context.recognisers or not context.detectors:
            raise ConfigError("evaluators or detectors is empty; audit=public_part needs one of each")
        self.inversion.check()
        self.people.check()

    def run(self, context: AuditContext) -> Findings:
        findings = Findings(notes=list(NOTES))
        thresholds = calibrated(context, self.people, self.far, findings)
        keys, faces = zip(*self.people.held_out(context.seed, context.pack.size), strict=True)
        work = _Work(context, self.role, self.inversion, torch.cat(faces))
        findings.about["faces"] = f"{len(keys):,} people of {self.people.name}; invert={self.inversion.name}"
        section = "Two different people's inversions"
        for name, found in work.inverted.embeddings.items():
            strangers = OtherPeopleRate(thresholds[name].threshold, resamples=context.resamples, seed=context.seed)
            strangers.update(found)
            findings.figures.append(Measurement.of(section, f"pass as one person's, by {name}", strangers.compute()))
        for public in self.public:
            for count, (first, second, seconds) in work.encrypted(public, self.candidates).items():
                section = f"{public} public coordinates, best of {count}"
                findings.figures += _figures(context, section, work, (first, second), thresholds)
                findings.figures.append(Measurement.plain(section, "seconds per face", seconds, len(keys), "lower", 2))
        findings.figures += self._leakage_figures(context, work, keys)
        return findings

    def _leakage_figures(self, context: AuditContext, work: "_Work", keys: Sequence[str]) -> list[Measurement]:
        """Rank-1 rate of another photo of the person, by public data of the first."""
        others = [(row, other) for row, key in enumerate(keys) if (other := self.people.another(key)) is not None]
        if not others:
            return []
        rows = torch.tensor([row for row, _ in others])
        x = torch.cat([self.people.load(other, context.pack.size) for _, other in others])
        codes = work.coordinates(x)
        figures = []
        views = {f"{r} public coordinates": (codes[:, :r], work.v[rows][:, :r]) for r in self.public if r}
        around = [without_face(part, work.parser, COARSE).flatten(1) for part in (x, work.x[rows])]
        views["the photo without its face"] = (around[0], around[1])
        found = work.coder.context(x)
        if found is not None and work.read is not None:
            views["the context that the encryptor reads"] = (found.float(), work.read[rows].float())
        for name, (queries, gallery) in views.items():
            first = ranks(queries, gallery, torch.arange(len(rows)), gallery.mean(dim=0)) <= 1
            section = f"Another photo of the person comes first among {len(rows):,}"
            figures.append(Measurement.of(section, f"by {name}", context.estimate(first), "lower"))
        return figures


class _Work:
    """Codes and images of the people."""

    def __init__(self, context: AuditContext, role: str, inversion: Inversion, x: Float[Tensor, "n 3 h h"]):
        self.context = context
        self.x = x
        self.coder = FaceCoder(context.pack, role, context.device, inversion=inversion)
        network, self.tokens = context.pack.encryptor(role)
        if not isinstance(network, PaddedEncryptor):
            raise ConfigError(f"audit.encryptor={role} is no padded encryptor")
        self.encryptor = network.to(context.device)
        self.parser = ParserMap(context.pack, context.device)
        self.fit = BestFit(context.pack, device=context.device)
        self.v = self.coordinates(x)
        self.read = self.coder.context(x)
        self.photo = self.see(x)
        self.inverted = self.see(self.coder.synthesise(self.encryptor.decode(self.v).float()))

    def coordinates(self, x: Float[Tensor, "n 3 h h"]) -> Float[Tensor, "n k"]:
        parts = x.split(self.context.batch_size)
        w = [self.coder.inversion(part) for part in track(parts, len(parts), "inverting", self.context.quiet)]
        return self.encryptor.coordinates(torch.cat(w).to(self.context.device)).cpu()

    def encrypted(self, public: int, candidates: Sequence[int]) -> dict[int, tuple[Seen, Seen, float]]:
        """By number of candidates: the faces under two passwords, and seconds per face."""
        network = self.encryptor.with_public(public)
        rng = torch.Generator().manual_seed(self.context.seed)
        chosen: dict[int, list[list[Tensor]]] = {count: [[], []] for count in candidates}
        seconds = dict.fromkeys(candidates, 0.0)
        starts = range(0, len(self.x), GROUP)
        for start in track(starts, len(starts), f"{public} public coordinates", self.context.quiet):
            x, v = self.x[start : start + GROUP], self.v[start : start + GROUP]
            w, read = self.encryptor.decode(v), None if self.read is None else self.read[start : start + GROUP]
            repeated = None if read is None else read.repeat_interleave(candidates[-1], dim=0)
            for password in range(2):
                began = time.perf_counter()
                many = w.repeat_interleave(candidates[-1], dim=0)
                stream = random_passwords(len(many), self.coder.generator, self.tokens, rng)
                codes = network.given(repeated)(many, stream.to(self.context.device)).float().unflatten(0, (len(w), -1))
                drawn = self.coder.sketch(codes.flatten(0, 1)).unflatten(0, (len(w), -1))
                drawing = (time.perf_counter() - began) / candidates[-1]
                for count in candidates:
                    began = time.perf_counter()
                    choice = self.fit if count > 1 else AnyNonce()
                    best = choice.best(x, drawn[:, :count]).number
                    chosen[count][password].append(codes[torch.arange(len(x)), best])
                    seconds[count] += drawing * count + time.perf_counter() - began
        result = {}
        for count, codes_of in chosen.items():
            first, second = (self.see(self.coder.synthesise(torch.cat(parts))) for parts in codes_of)
            result[count] = (first, second, seconds[count] / (2 * len(self.x)))
        return result

    def see(self, x: Float[Tensor, "n 3 h h"]) -> Seen:
        return Seen(
            {judge.name: embed(judge, x) for judge in self.context.recognisers},
            {detector.name: detector.locate(x) for detector in self.context.detectors},
            torch.cat([_colour(part, self.parser(part)) for part in x.split(self.context.batch_size)]),
        )


def _figures(
    context: AuditContext,
    section: str,
    work: _Work,
    encrypted: tuple[Seen, Seen],
    thresholds: Mapping[str, Calibration],
) -> list[Measurement]:
    first, second = encrypted
    figures = []
    for name, found in first.embeddings.items():
        for title, others in (
            ("de-identification, against the photo", work.photo),
            ("de-identification, against the inversion", work.inverted),
            ("two passwords, one person", second),
        ):
            rate = IdentificationRate(thresholds[name].threshold, resamples=context.resamples, seed=context.seed)
            rate.update(found, others.embeddings[name])
            figures.append(Measurement.of(section, f"{title}, by {name}", rate.compute(), "lower"))
    for name, seen in first.detections.items():
        before = work.photo.detections[name]
        both = seen.found & before.found
        away = (seen.points - before.points).norm(dim=-1).mean(dim=1)[both]
        boxes = (seen.boxes - before.boxes).abs().mean(dim=1)[both]
        figures += [
            Measurement.of(section, f"{name} finds a face", context.estimate(seen.found), "higher"),
            Measurement.of(
                section, f"landmarks of {name}, px of 256 from the photo's", context.estimate(away), "lower", 2
            ),
            Measurement.of(section, f"box of {name}, px of 256 from the photo's", context.estimate(boxes), "lower", 2),
        ]
    apart = (first.colours - work.photo.colours).norm(dim=1)
    difference = context.estimate(apart[~apart.isnan()])
    return [
        *figures,
        Measurement.of(section, "colour of the face, ΔE (CIE76) from the photo's", difference, "lower", 1),
    ]


def _colour(x: Float[Tensor, "b 3 h h"], face_map: Float[Tensor, "b 1 m m"]) -> Float[Tensor, "b 3"]:
    """Mean of the face's pixels in CIELAB; NaN without a face."""
    face = (face_map > 0.5).float()
    small = F.interpolate(x.float().cpu(), face.shape[-2:], mode="bilinear", antialias=True)
    return (to_lab(small) * face).sum(dim=(2, 3)) / face.sum(dim=(2, 3))


NOTES = (
    "Public coordinates are the leading axes of one encryptor: those along which landmarks and colours of drawn faces "
    "change most. 0: all of the code is redrawn that the context does not tell, where the encryptor reads one.",
    "Codes lie inside of the encryptor's model, so that the inversion is what the right password brings back.",
    "Another photo: codes of both are found by themselves, and coordinates compared by cosine. `The photo without its "
    "face` is 16 x 16 pixels of what an encrypted picture keeps anyway. Better readings may exist for either.",
)
