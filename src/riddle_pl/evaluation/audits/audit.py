"""Interface of the audits, their context and their results."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from riddle_pl.errors import PackError
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.judging.detectors import Detector
from riddle_pl.judging.metrics import Estimate, bootstrap
from riddle_pl.judging.recognisers import Recogniser
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import Pack


@dataclass(frozen=True)
class AuditContext:
    """Pack, judges and settings of an audit; nothing has been loaded yet."""

    pack: Pack
    recognisers: Sequence[Recogniser]
    detectors: Sequence[Detector]
    seed: int
    resamples: int
    batch_size: int
    device: torch.device
    cache_dir: Path
    quiet: bool

    def estimate(self, values: Float[Tensor, "n"]) -> Estimate:
        """Mean and 95 % bootstrap interval."""
        return bootstrap(values.float(), self.resamples, self.seed)

    def require_encryptor(self, role: str) -> None:
        """Checks that ``role`` (``audit.encryptor``) is an encryptor of the pack.

        Raises:
            PackError: it is not.
        """
        if self.pack.entry(role).tokens is None:
            raise PackError(f"audit.encryptor={role} is no encryptor of pack {self.pack.name}")

    def generator(self, pack: Pack | None = None) -> FaceGenerator:
        """G of the pack under audit, or of another.

        Raises:
            PackError: the pack has none.
        """
        return (pack or self.pack).generator().to(self.device)


@dataclass(frozen=True)
class Picture:
    """A picture of the report.

    Args:
        name: of its file, without suffix.
        caption: what it shows.
        image: itself.
        shareable: contains no photo of the data, so that model cards may include it.
    """

    name: str
    caption: str
    image: Image.Image
    shareable: bool


@dataclass
class Findings:
    """Results of an audit."""

    figures: list[Measurement] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    """Data and thresholds."""
    pictures: list[Picture] = field(default_factory=list)
    curves: dict[str, list[Mapping[str, float]]] = field(default_factory=dict)
    """Series of points, for the JSON report."""
    notes: list[str] = field(default_factory=list)
    """Notes on interpretation."""


class Audit(ABC):
    """Measures one network of a pack. Its constructor reads nothing."""

    role: str
    """Role of the network; figures go into its model card."""
    heading: str = "## Audit"
    """Heading of the section of the model card."""

    @abstractmethod
    def check(self, context: AuditContext) -> None:
        """Raises a ``RiddleError`` when something that it needs is missing; does no long work."""

    @abstractmethod
    def run(self, context: AuditContext) -> Findings:
        """Measures.

        Raises:
            RiddleError: what was checked is gone, or damaged.
        """
