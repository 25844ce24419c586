"""``audit=recogniser``: does it know people apart, and are its gradients worth following?"""

import torch

from riddle_pl.auditing.audit import Audit, Bench, Figure, Findings, Picture
from riddle_pl.auditing.gradients import Descent, descend
from riddle_pl.auditing.plots import curves_plot
from riddle_pl.auditing.spread_of_w import spread_of_w
from riddle_pl.auditing.verification import roc_picture, roc_points, verification_figures
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.lfw import LFW
from riddle_pl.evaluation.mirrored import MirroredRecogniser
from riddle_pl.evaluation.pairs import lfw_pairs
from riddle_pl.evaluation.recognisers import PackEvaluator, Recogniser
from riddle_pl.inversion import EncoderInversion
from riddle_pl.password import random_passwords

FARS = (1e-3, 1e-2, 1e-1)


class RecogniserAudit(Audit):
    """Verifies LFW's pairs at the pack's resolution; follows the recogniser's gradient on encrypted faces.

    Args:
        people: faces and pairs of LFW; the first ``count`` people's faces are encrypted.
        encryptor: role of the encryptor whose faces are changed.
        compared: the bench's recognisers verify the pairs too, for comparison, looking once.
        steps: gradient steps.
        length: of a step, in standard deviations of W (root mean square over a code).

    Raises:
        ConfigError: a value is out of range.
    """

    role = "recogniser"

    def __init__(
        self, people: LFW, encryptor: str = "encryptor", compared: bool = False, steps: int = 10, length: float = 0.05
    ):
        if steps < 1 or length <= 0:
            raise ConfigError(f"audit.steps={steps} must be at least 1 and audit.length={length} greater than 0")
        self.people = people
        self.encryptor = encryptor
        self.compared = compared
        self.steps = steps
        self.length = length

    def check(self, bench: Bench) -> None:
        self.people.check()
        for role in ("generator", "encoder", self.encryptor):
            bench.pack.verify(role)

    def run(self, bench: Bench) -> Findings:
        findings = Findings(notes=list(NOTES))
        findings.about["pairs"] = f"the pairs of LFW with both photos there, at {bench.pack.size} px"
        self._verify(bench, findings)
        self._follow(bench, findings)
        return findings

    def _verify(self, bench: Bench, findings: Findings) -> None:
        own = PackEvaluator(bench.pack, str(bench.device))
        judges: dict[str, Recogniser] = {
            "this recogniser": own,
            "this recogniser, mirror image added": MirroredRecogniser(own),
        }
        if self.compared:
            judges |= {judge.name: judge for judge in bench.recognisers}
        points = {}
        for name, judge in judges.items():
            pairs = lfw_pairs(judge, self.people, bench.pack.size, bench.cache_dir, bench.quiet)
            findings.figures += verification_figures(bench, name, pairs, FARS)
            points[name] = roc_points(pairs)
            rows = zip(*(values.tolist() for values in points[name]), strict=True)
            findings.curves[f"roc, {name}"] = [{"far": far, "tar": tar} for far, tar in rows]
        findings.pictures.append(roc_picture(points))

    def _follow(self, bench: Bench, findings: Findings) -> None:
        generator = bench.generator()
        x = torch.cat([x for _, x in self.people.held_out(bench.seed, bench.pack.size)])
        network, tokens = bench.pack.encryptor(self.encryptor)
        recogniser = bench.pack.load("recogniser").to(bench.device)
        invert = EncoderInversion(bench.pack, str(bench.device))
        rng = torch.Generator().manual_seed(bench.seed)
        spread = spread_of_w(generator, bench.seed)
        descents = []
        for part in x.split(bench.batch_size):
            with torch.no_grad():
                w = invert(part).to(bench.device)
                w_pwd = random_passwords(len(part), generator, tokens, rng)
                w_enc = network.to(bench.device)(w, w_pwd.to(bench.device))
                reference = generator(w).clamp(-1.0, 1.0)
            descents.append(
                descend(
                    recogniser,
                    bench.recognisers,
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
        _report(bench, self.steps, descent, findings)


def _report(bench: Bench, steps: int, descent: Descent, findings: Findings) -> None:
    section = "Gradients"
    curves = {"this recogniser": descent.own, **descent.others}
    for name, cosines in curves.items():
        fell = cosines[0] - cosines[-1]
        findings.figures += [
            Figure.of(section, f"{name}: cosine to the inversion before", bench.estimate(cosines[0])),
            Figure.of(section, f"{name}: after {steps} steps", bench.estimate(cosines[-1]), "lower"),
            Figure.of(
                section, f"{name}: share of faces on which it fell", bench.estimate((fell > 0).float()), "higher"
            ),
        ]
        means = cosines.mean(dim=1).tolist()
        findings.curves[f"gradient, {name}"] = [
            {"step": step, "moved": float(descent.moved[step]), "cosine": mean} for step, mean in enumerate(means)
        ]
    step = torch.arange(steps + 1).numpy()
    # own scale: recognisers differ in how alike strangers are to them
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
    "No figures by group: LFW does not label people.",
)
