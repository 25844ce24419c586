"""The typed root of ``conf/eval.yaml``."""

from dataclasses import dataclass, field

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from riddle_pl.config.schema import Node


@dataclass
class DiversityConfig:
    """How much the diversity of passwords is measured on."""

    faces: int = 50
    """The first so many of the faces; 0: not measured."""
    passwords: int = 20
    """Per face; as many wrong ones."""


@dataclass
class EvalConfig:
    """Everything ``riddle-eval`` reads."""

    name: str | None = None
    """What tables and loggers call the method; None: its own name."""
    seed: int = 0
    """Chooses the people, the passwords and the bootstrap's draws."""
    far: float = 1e-3
    """False-accept rate on pairs of different people that gives the threshold."""
    resamples: int = 2000
    """Of the bootstrap."""
    batch_size: int = 25
    """Faces at a time; memory grows with it and not with the number of images."""
    device: str = "auto"
    """Of the networks: auto, cpu, cuda or cuda:N."""
    quiet: bool = False
    """No progress bar, no table on the screen."""
    out: str = MISSING
    """Folder of the report."""
    part: str | None = None
    """I/N: judge only part I of N, from 0, and leave the report to a run without it; None: as torchrun or srun say."""
    cache_dir: str | None = None
    """Folder of calibrated pairs; None: evaluation/ in $RIDDLE_HOME."""
    diversity: DiversityConfig = field(default_factory=DiversityConfig)
    pack: Node = field(default_factory=dict)
    data: Node = field(default_factory=dict)
    pairs: Node | None = None
    invert: Node = field(default_factory=dict)
    method: Node = field(default_factory=dict)
    passwords: Node = field(default_factory=dict)
    evaluators: Node = field(default_factory=dict)
    detectors: Node = field(default_factory=dict)
    features: Node = field(default_factory=dict)
    photos: Node = field(default_factory=dict)
    logger: Node = field(default_factory=dict)


def register_eval_schema() -> None:
    """Puts the typed root into Hydra's ConfigStore (calling again changes nothing)."""
    ConfigStore.instance().store(name="eval_schema", node=EvalConfig, provider="riddle_pl")
