"""``audit=parser``: how well its label maps agree with hand-drawn ones."""

from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from riddle_pl.errors import DataError
from riddle_pl.evaluation.audits.audit import Audit, AuditContext, Findings, Picture
from riddle_pl.evaluation.audits.samples import sheet
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.files import require_file
from riddle_pl.pretraining.label_maps import LABELS, read_labelled_faces
from riddle_pl.pretraining.parser import NAMES, crop, in_colours, overlaps
from riddle_pl.pretraining.sheet import COLUMNS, spread, stacked_rows

SHOWN = 16


class ParserAudit(Audit):
    """IoU of each class on held-out photos with label maps.

    Args:
        root: folder of the archive.
        archive: its name, without ``.tar``.
        held_out: share of held-out photos, as the recipe had it.
    """

    role = "parser"

    def __init__(self, root: str, archive: str = "fasseg", held_out: float = 0.12):
        self.root = Path(root).expanduser()
        self.archive = archive
        self.held_out = held_out

    def check(self, context: AuditContext) -> None:
        require_file(self.root / f"{self.archive}.tar", "face archive", DataError)

    def run(self, context: AuditContext) -> Findings:
        faces = read_labelled_faces(self.root, self.archive, context.pack.size, self.held_out, "held_out")
        parser = context.pack.load("parser").to(context.device)

        @torch.no_grad()
        def predict(x: Float[Tensor, "b 3 h h"]) -> UInt8[Tensor, "b h h"]:
            labels: Tensor = parser(x.to(context.device)).argmax(dim=1).to("cpu", torch.uint8)
            return labels

        shared, either = overlaps(faces, predict)
        findings = Findings(notes=list(NOTES))
        findings.about["photos"] = f"{len(faces)} held-out photos of {self.archive} ({faces.faceless} without a face)"
        section = "Intersection over union"
        each = []
        for label in LABELS:
            iou = float(shared[:, label].sum() / either[:, label].sum().clamp_min(1.0))
            each.append(iou)
            findings.figures.append(Measurement.plain(section, NAMES[label], iou, len(faces), "higher"))
        findings.figures.append(Measurement.plain(section, "mean", sum(each) / len(each), len(faces), "higher"))
        right = shared.sum(dim=1) / (shared.sum(dim=1) + (either - shared).sum(dim=1) / 2.0).clamp_min(1.0)
        findings.figures.append(
            Measurement.of(section, "share of pixels right, mean of photos", context.estimate(right), "higher")
        )
        chosen = torch.arange(len(faces))[spread(len(faces), SHOWN)]
        x, labels = crop(faces, chosen)
        picture = sheet(stacked_rows(x, in_colours(labels), in_colours(predict(x))), COLUMNS)
        findings.pictures.append(Picture("labels", "Held-out photos, drawn labels, predicted labels", picture, False))
        return findings


NOTES = (
    "Counted over all pixels of all photos; what lies outside a photo is left out.",
    "Mouth includes lips, hair includes brows, skin includes ears and neck, as the data has them. The photos name no "
    "groups.",
)
