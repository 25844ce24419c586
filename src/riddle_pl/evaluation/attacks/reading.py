"""``attack=reading``: identification from a record by a regression trained on public faces."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.evaluation.attacks.attack import Attack, figure, require_positive
from riddle_pl.evaluation.attacks.distinguisher import Features
from riddle_pl.evaluation.attacks.linkage import WITHIN
from riddle_pl.evaluation.attacks.target import Codes, Faces, Target
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.judging.metrics.codes import TINY, ranks
from riddle_pl.losses.identity import cosine


class Reading(Attack):
    """The attacker encrypts public faces under many passwords and regresses the recogniser's embedding of the face.

    Inputs are the encrypted code and the embedding of its image. The embedding predicted from a victim's record is
    matched to a gallery of inversions of *other photos* of all victims.

    Args:
        components: principal components of public codes, for encryptors without a code model.
        width: of the two hidden layers.
        steps: of AdamW, with cosine decay of the learning rate to zero.
        batch: records per step.
        learning_rate: at the start.
        passwords: records per public face.

    Raises:
        ConfigError: a number below 1.
    """

    has: ClassVar[str] = "a record and its picture; reads who it is, and looks for another photo of the person"
    roles: ClassVar[tuple[str, ...]] = ("recogniser",)

    def __init__(
        self,
        components: int = 600,
        width: int = 512,
        steps: int = 1500,
        batch: int = 256,
        learning_rate: float = 1e-3,
        passwords: int = 4,
    ):
        require_positive("reading", components=components, width=width, steps=steps, batch=batch, passwords=passwords)
        self.components = components
        self.width = width
        self.steps = steps
        self.batch = batch
        self.learning_rate = learning_rate
        self.passwords = passwords

    @property
    def victims(self) -> int:
        return max(WITHIN) + 1

    def run(self, target: Target, faces: Faces) -> list[Measurement]:
        if len(faces.rows) <= max(WITHIN):
            return []
        rng = target.rng("reading")
        recogniser = target.recogniser().to(faces.victims.device)
        public = target.around(faces.public_around)
        features = Features(public, faces.public, self.components)

        def read(target: Target, w_enc: Codes) -> Float[Tensor, "m f"]:
            return torch.cat([features(target, w_enc), target.recognised(w_enc, recogniser)], dim=1)

        known = target.recognised(faces.public, recogniser)
        records = [read(public, public.encrypt(faces.public, rng)) for _ in range(self.passwords)]
        network = self._train(torch.cat(records), known.repeat(self.passwords, 1), target.seed)
        victims = faces.victims[faces.rows]
        records_of = target.around(faces.around[faces.rows])
        with torch.no_grad():
            found = network(read(records_of, records_of.encrypt(victims, rng)))
        gallery, own = target.recognised(faces.others, recogniser), torch.arange(len(victims))
        sought, clear = ranks(found, gallery, own, found.mean(dim=0)), target.recognised(victims, recogniser)
        unhidden = ranks(clear, gallery, own, clear.mean(dim=0))
        return [
            figure(
                f"record to another photo of the person, by what is read of it: among the first {k}",
                target.estimate(sought <= k),
                k / len(victims),
                float((unhidden <= k).float().mean()),
                digits=4,
            )
            for k in WITHIN
        ]

    @torch.enable_grad()
    def _train(self, x: Float[Tensor, "m f"], y: Float[Tensor, "m d"], seed: int) -> nn.Module:
        mean, deviation = x.mean(dim=0), x.std(dim=0) + TINY
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = nn.Sequential(
                _Standardised(mean, deviation),
                nn.Linear(x.shape[1], self.width),
                nn.GELU(),
                nn.Dropout(0.2),
                nn.Linear(self.width, self.width),
                nn.GELU(),
                nn.Linear(self.width, y.shape[1]),
            ).to(x.device)
            optimizer = torch.optim.AdamW(network.parameters(), self.learning_rate, weight_decay=0.05)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
            centre = y.mean(dim=0)
            for _ in range(self.steps):
                rows = torch.randint(len(x), (self.batch,))
                loss = (1.0 - cosine(network(x[rows]), y[rows] - centre)).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        return network.eval().requires_grad_(False)


class _Standardised(nn.Module):
    """Standardises features."""

    def __init__(self, mean: Float[Tensor, "f"], deviation: Float[Tensor, "f"]):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    mean: Tensor
    deviation: Tensor

    def forward(self, x: Float[Tensor, "m f"]) -> Float[Tensor, "m f"]:
        return (x - self.mean) / self.deviation
