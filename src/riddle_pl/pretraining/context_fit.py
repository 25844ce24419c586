"""Training of a padded encryptor's context network, part of ``recipe=code_model``."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.networks.encryptors.context_reader import ContextReader
from riddle_pl.networks.encryptors.gaussianisation import shrunk_covariance
from riddle_pl.networks.encryptors.padded import PaddedEncryptor

TINY = 1e-12
"""Avoids division by zero for constant predictions."""

Around = Float[Tensor, "m 4 s s"]
"""Photos without their faces."""
Normal = Float[Tensor, "m k"]
"""Normalised components of their codes."""


class ContextFit:
    """Least-squares regression of a code's normalised components on the photo without the face.

    With 20,000 faces the network overfits after about 2,000 steps.

    Args:
        channels: of the network; see :class:`~riddle_pl.networks.encryptors.context_reader.ContextReader`.
        steps: of AdamW, under a one-cycle schedule.
        batch: faces per step.
        learning_rate: the largest.
        weight_decay: of AdamW.

    Raises:
        ConfigError: a number below 1.
    """

    def __init__(
        self,
        channels: int = 32,
        steps: int = 2000,
        batch: int = 64,
        learning_rate: float = 1.5e-3,
        weight_decay: float = 0.1,
    ):
        if min(channels, steps, batch) < 1:
            raise ConfigError(f"recipe.context has channels={channels}, steps={steps}, batch={batch}; give at least 1")
        self.channels = channels
        self.steps = steps
        self.batch = batch
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay

    @torch.enable_grad()
    def train(self, reader: ContextReader, around: Around, v: Normal, seed: int) -> None:
        """Trains the network.

        Args:
            seed: of its weights, its dropout and the batches.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for module in reader.modules():
                if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
                    module.reset_parameters()
            reader.train().requires_grad_(True)
            optimizer = torch.optim.AdamW(reader.parameters(), self.learning_rate, weight_decay=self.weight_decay)
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.learning_rate, total_steps=self.steps)
            for _ in range(self.steps):
                rows = torch.randint(len(v), (self.batch,))
                loss = F.mse_loss(reader(around[rows].float()), v[rows].float())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        reader.eval().requires_grad_(False)

    @torch.no_grad()
    def finish(self, encryptor: PaddedEncryptor, around: Around, v: Normal) -> None:
        """Recalibrates each output by scale and offset, and fits the covariance of the residual.

        Args:
            around, v: of other faces than those of :meth:`train`, with codes of the final inversion.
        """
        reader = encryptor.reader
        if reader is None:
            raise ConfigError("the encryptor reads no context")
        read, v = read_all(reader, around).double(), v.double()
        centred, target = read - read.mean(dim=0), v - v.mean(dim=0)
        scale = (centred * target).sum(dim=0) / centred.square().sum(dim=0).clamp_min(TINY)
        offset = v.mean(dim=0) - scale * read.mean(dim=0)
        reader.head.weight.mul_(scale[:, None])
        reader.head.bias.mul_(scale).add_(offset)
        encryptor.residual.copy_(torch.linalg.cholesky(shrunk_covariance(v - (scale * read + offset))))


@torch.no_grad()
def read_all(reader: ContextReader, around: Around) -> Normal:
    """Predictions for many photos, in batches."""
    return torch.cat([reader(part.float()) for part in around.split(500)])
