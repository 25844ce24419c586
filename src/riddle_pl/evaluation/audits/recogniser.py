"""``audit=recogniser``: verification rates, and the transfer of its gradients to other recognisers."""

import torch

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.audits.archives import GROUPS_NOTE, FaceArchives, all_and_groups, strangers_figures
from riddle_pl.evaluation.audits.audit import Audit, AuditContext, Findings, Picture
from riddle_pl.evaluation.audits.embeddings import embed
from riddle_pl.evaluation.audits.gradients import Descent, descend
from riddle_pl.evaluation.audits.plots import curves_plot
from riddle_pl.evaluation.audits.verification import roc_picture, roc_points, verification_figures
from riddle_pl.evaluation.audits.w_statistics import w_statistics
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.inversion import EncoderInversion
from riddle_pl.judging.calibration import calibrate
from riddle_pl.judging.lfw import LFW
from riddle_pl.judging.mirrored import MirroredRecogniser
from riddle_pl.judging.pairs import PairSimilarities, lfw_pairs
from riddle_pl.judging.recognisers import PackEvaluator, Recogniser
from riddle_pl.password import random_passwords

FARS = (1e-3, 1e-2, 1e-1)
STRANGERS_FARS = (1e-3, 1e-2)
"""Of the thresholds at which strangers of one group are compared."""


class RecogniserAudit(Audit):
    """Verifies LFW's pairs at the pack's resolution, and strangers of one group; measures the transfer of its
    gradients.

    Args:
        people: faces and pairs of LFW; the first ``count`` people's faces are encrypted for the gradient test.
        faces: archives with one image per person, of whose held-out part strangers are compared within each group.
        encryptor: role of the encryptor for the gradient test.
        compared: also verify the pairs with the context's recognisers, on single views.
        steps: gradient steps.
        length: of a step, in standard deviations of W (root mean square over a code).
        smallest: groups with fewer faces are left out.

    Raises:
        ConfigError: a value is out of range.
    """

    role = "recogniser"

    def __init__(
        self,
        people: LFW,
        faces: FaceArchives,
        encryptor: str = "encryptor",
        compared: bool = False,
        steps: int = 10,
        length: float = 0.05,
        smallest: int = 10,
    ):
        if steps < 1 or length <= 0 or smallest < 2:
            raise ConfigError(
                f"audit.steps={steps}, audit.length={length}, audit.smallest={smallest}; give at least 1, more than 0, "
                "at least 2"
            )
        self.people = people
        self.faces = faces
        self.encryptor = encryptor
        self.compared = compared
        self.steps = steps
        self.length = length
        self.smallest = smallest

    def check(self, context: AuditContext) -> None:
        self.people.check()
        self.faces.check()
        context.pack.check("generator", "encoder", self.encryptor)

    def run(self, context: AuditContext) -> Findings:
        findings = Findings(notes=list(NOTES))
        findings.about["pairs"] = f"the pairs of LFW with both photos there, at {context.pack.size} px"
        own = PackEvaluator(context.pack, str(context.device))
        pairs = self._verify(context, own, findings)
        self._strangers(context, own, pairs, findings)
        self._gradient_transfer(context, findings)
        return findings

    def _verify(self, context: AuditContext, own: PackEvaluator, findings: Findings) -> PairSimilarities:
        """Verification figures of all recognisers; returns the pairs of this one."""
        judges: dict[str, Recogniser] = {
            "this recogniser": own,
            "this recogniser, mirror image added": MirroredRecogniser(own),
        }
        if self.compared:
            judges |= {judge.name: judge for judge in context.recognisers}
        pairs, points = {}, {}
        for name, judge in judges.items():
            pairs[name] = lfw_pairs(judge, self.people, context.pack.size, context.cache_dir, context.quiet)
            findings.figures += verification_figures(context, name, pairs[name], FARS)
            points[name] = roc_points(pairs[name])
            rows = zip(*(values.tolist() for values in points[name]), strict=True)
            findings.curves[f"roc, {name}"] = [{"far": far, "tar": tar} for far, tar in rows]
        findings.pictures.append(roc_picture(points))
        return pairs["this recogniser"]

    def _strangers(
        self, context: AuditContext, own: PackEvaluator, pairs: PairSimilarities, findings: Findings
    ) -> None:
        """How often two people of one group pass as one person, at thresholds that hold for LFW's strangers."""
        faces = self.faces.unseen(context.pack.size)
        rows = embed(own, faces.images, "embedding held-out faces", context.quiet)
        groups = all_and_groups(faces.names, self.smallest)
        for far in STRANGERS_FARS:
            section = f"Two people of one group who pass as one at FAR {far:g} of LFW"
            threshold = calibrate(pairs, far).threshold
            findings.figures += strangers_figures(context, section, rows, threshold, groups, "lower")

    def _gradient_transfer(self, context: AuditContext, findings: Findings) -> None:
        generator = context.generator()
        x = torch.cat([x for _, x in self.people.held_out(context.seed, context.pack.size)])
        network, tokens = context.pack.encryptor(self.encryptor)
        recogniser = context.pack.load("recogniser").to(context.device)
        invert = EncoderInversion(context.pack, str(context.device))
        rng = torch.Generator().manual_seed(context.seed)
        spread = w_statistics(generator, context.seed)
        descents = []
        for part in x.split(context.batch_size):
            with torch.no_grad():
                w = invert(part).to(context.device)
                w_pwd = random_passwords(len(part), generator, tokens, rng)
                w_enc = network.to(context.device)(w, w_pwd.to(context.device))
                reference = generator(w).clamp(-1.0, 1.0)
            descents.append(
                descend(
                    recogniser,
                    context.recognisers,
                    generator,
                    w_enc,
                    reference,
                    self.steps,
                    self.length,
                    spread.deviation,
                )
            )
        descent = Descent(
            torch.cat([d.own for d in descents], dim=1),
            {name: torch.cat([d.others[name] for d in descents], dim=1) for name in descents[0].others},
            torch.stack([d.moved for d in descents]).mean(dim=0),
        )
        _report(context, self.steps, descent, findings)


def _report(context: AuditContext, steps: int, descent: Descent, findings: Findings) -> None:
    section = "Gradients"
    curves = {"this recogniser": descent.own, **descent.others}
    for name, cosines in curves.items():
        fell = cosines[0] - cosines[-1]
        findings.figures += [
            Measurement.of(section, f"{name}: cosine to the inversion before", context.estimate(cosines[0])),
            Measurement.of(section, f"{name}: after {steps} steps", context.estimate(cosines[-1]), "lower"),
            Measurement.of(
                section, f"{name}: share of faces on which it fell", context.estimate((fell > 0).float()), "higher"
            ),
        ]
        means = cosines.mean(dim=1).tolist()
        findings.curves[f"gradient, {name}"] = [
            {"step": step, "moved": float(descent.moved[step]), "cosine": mean} for step, mean in enumerate(means)
        ]
    step = torch.arange(steps + 1).numpy()
    # changes, since recognisers have different scales
    image = curves_plot(
        {name: (step, (c.mean(dim=1) - c[0].mean()).numpy()) for name, c in curves.items()},
        "gradient steps on w_enc",
        "change of the mean cosine to the inversion",
    )
    caption = "Cosine to the inversion while w_enc follows this recogniser's gradient; the others only look"
    findings.pictures.append(Picture("gradients", caption, image, True))


NOTES = (
    "Accuracy: each fold at the threshold that is best on the others (LFW, View 2). Its interval is over folds.",
    "Mirror image added: the embeddings of a photo and of its mirror image summed, as in most published accuracies on "
    "LFW. The loss, refinement and whoever judges with this recogniser look once.",
    "Gradients: encrypted faces, moved down the gradient of this recogniser's cosine to the inversion, in steps of "
    "equal length on w_enc. If only its own cosine falls, the gradient deceives it and changes nobody.",
    f"By group: held-out faces of the archives, each of another person. {GROUPS_NOTE} No archive has both several "
    "photos of a person and groups: how surely a person is known again in each group is not measured.",
)
