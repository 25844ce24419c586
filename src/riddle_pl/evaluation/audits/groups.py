"""``audit=groups``: de-identification and recovery rates by group of people."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.data.face_set import FaceSet, to_float
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.audits.archives import GROUPS_NOTE, FaceArchives, all_and_groups, strangers_figures
from riddle_pl.evaluation.audits.audit import Audit, AuditContext, Findings
from riddle_pl.evaluation.audits.embeddings import embed
from riddle_pl.evaluation.audits.verification import calibrated
from riddle_pl.evaluation.methods.pack import PackMethod
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.inversion import Inversion
from riddle_pl.judging.images import X_DEC, X_ENC1, X_ENC2, X_WRONG1, X
from riddle_pl.judging.lfw import LFW
from riddle_pl.judging.metrics import IdentificationRate
from riddle_pl.process import track


class Question(NamedTuple):
    """Two images of one face, whose identification rate is measured."""

    title: str
    image: str
    reference: str
    better: str


QUESTIONS = (
    Question("De-identification: the encrypted face passes as the inversion", X_ENC1, X, "lower"),
    Question("Recovery: the recovered face passes as the inversion", X_DEC, X, "higher"),
    Question("Wrong password: its face passes as the inversion", X_WRONG1, X, "lower"),
    Question("Two passwords: their faces pass as one person's", X_ENC1, X_ENC2, "lower"),
)


class Judged(NamedTuple):
    """Embeddings and detections of each face's images."""

    embeddings: Mapping[str, Mapping[str, Float[Tensor, "n d"]]]
    """By recogniser and image."""
    found: Mapping[str, Bool[Tensor, "n"]]
    """Whether a face was found in the encrypted image, by detector."""


class GroupsAudit(Audit):
    """Encrypts held-out faces whose names tell groups, and reports rates by group.

    Args:
        inversion: how codes are found.
        people: faces and pairs of LFW, which give the thresholds.
        faces: archives whose held-out part is encrypted.
        passwords: where each face's keys come from.
        encryptor: role in the pack.
        count: held-out faces, at most.
        far: false-accept rate of the thresholds.
        smallest: groups with fewer faces are left out.

    Raises:
        ConfigError: a value is out of range.
    """

    heading = "## By group"

    def __init__(
        self,
        inversion: Inversion,
        people: LFW,
        faces: FaceArchives,
        passwords: TextPasswords,
        encryptor: str = "encryptor",
        count: int = 1000,
        far: float = 1e-3,
        smallest: int = 10,
    ):
        if count < 2 or not 0.0 <= far < 1.0 or smallest < 2:
            raise ConfigError(
                f"audit.count={count}, audit.far={far}, audit.smallest={smallest}; give at least 2, 0 to below 1, "
                "at least 2"
            )
        self.inversion = inversion
        self.people = people
        self.faces = faces
        self.passwords = passwords
        self.role = encryptor
        self.count = count
        self.far = far
        self.smallest = smallest

    def check(self, context: AuditContext) -> None:
        context.require_encryptor(self.role)
        if not context.recognisers:
            raise ConfigError("evaluators is empty; audit=groups needs a recogniser, such as evaluators=dlib")
        self.people.check()
        self.faces.check()
        self._method(context).check()

    def run(self, context: AuditContext) -> Findings:
        findings = Findings(notes=list(NOTES))
        thresholds = calibrated(context, self.people, self.far, findings)
        faces = self.faces.unseen(context.pack.size, self.count, context.seed)
        findings.about["faces"] = (
            f"{len(faces):,} of the held-out part of {', '.join(self.faces.archives)}; invert={self.inversion.name}"
        )
        judged = self._judge(context, faces)
        groups = all_and_groups(faces.names, self.smallest)
        for name, images in judged.embeddings.items():
            findings.figures += _identity_figures(context, name, images, thresholds[name].threshold, groups)
        for name, found in judged.found.items():
            findings.figures += [
                Measurement.of(f"{name} finds the encrypted face", group, context.estimate(found[indices]), "higher")
                for group, indices in groups.items()
            ]
        return findings

    def _method(self, context: AuditContext) -> PackMethod:
        return PackMethod(self.inversion, self.role, self.passwords, context.seed, str(context.device))

    def _judge(self, context: AuditContext, faces: FaceSet) -> Judged:
        """Embeddings and detections of all faces, in batches; images are not kept."""
        method = self._method(context)
        needed = tuple(dict.fromkeys(name for q in QUESTIONS for name in (q.image, q.reference)))
        embeddings: dict[str, dict[str, list[Tensor]]] = {
            judge.name: {name: [] for name in needed} for judge in context.recognisers
        }
        found: dict[str, list[Tensor]] = {detector.name: [] for detector in context.detectors}
        starts = range(0, len(faces), context.batch_size)
        for start in track(starts, len(starts), "encrypting, recovering, judging", context.quiet):
            part = slice(start, start + context.batch_size)
            images = method.images(faces.names[part], to_float(faces.images[part]))
            shown = torch.cat([images[name] for name in needed])
            for judge in context.recognisers:
                for name, row in zip(needed, embed(judge, shown).chunk(len(needed)), strict=True):
                    embeddings[judge.name][name].append(row)
            for detector in context.detectors:
                found[detector.name].append(detector.locate(images[X_ENC1]).found)
        return Judged({name: _joined(rows) for name, rows in embeddings.items()}, _joined(found))


def _identity_figures(
    context: AuditContext,
    judge: str,
    images: Mapping[str, Float[Tensor, "n d"]],
    threshold: float,
    groups: Mapping[str, Sequence[int]],
) -> list[Measurement]:
    """Identification rates by group; ``images`` are embeddings of a recogniser named ``judge``."""
    figures = []
    for question in QUESTIONS:
        for group, indices in groups.items():
            rate = IdentificationRate(threshold, resamples=context.resamples, seed=context.seed)
            rate.update(images[question.image][indices], images[question.reference][indices])
            figures.append(Measurement.of(f"{question.title}, by {judge}", group, rate.compute(), question.better))
    section = f"Inversions of two people of the group pass as one person's, by {judge}"
    return figures + strangers_figures(context, section, images[X], threshold, groups)


def _joined(parts: Mapping[str, Sequence[Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat(list(rows)) for name, rows in parts.items()}


NOTES = (
    GROUPS_NOTE,
    "At one threshold for all, a recogniser takes more pairs of strangers for one person in some groups than in "
    "others. Read each rate beside that of two people's inversions.",
    "These faces were held out of the recipes, which trained the pack's other networks. An encryptor that "
    "`riddle-train` trained on the same archives may have seen some of them.",
)
