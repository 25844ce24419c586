"""The typed root of ``conf/eval.yaml``."""

from dataclasses import dataclass, field

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from riddle_pl.config.schema import Node


@dataclass
class EvalConfig:
    """Everything ``riddle-eval`` reads."""

    role: str = "encryptor"
    """Role of the encryptor in the pack."""
    seed: int = 0
    """Chooses the people, the passwords and the bootstrap's draws."""
    far: float = 1e-3
    """False-accept rate on LFW's pairs that gives the threshold."""
    resamples: int = 2000
    """Of the bootstrap."""
    batch_size: int = 25
    """Faces at a time; memory grows with it and with nothing else."""
    device: str = "auto"
    """Of the pack's networks: auto, cpu, cuda or cuda:N."""
    quiet: bool = False
    """No progress bar, no table on the screen."""
    out: str = MISSING
    """Folder of the report."""
    cache_dir: str | None = None
    """Folder of calibrated pairs; None: evaluation/ in $RIDDLE_HOME."""
    pack: Node = field(default_factory=dict)
    data: Node = field(default_factory=dict)
    passwords: Node = field(default_factory=dict)
    evaluators: Node = field(default_factory=dict)
    detectors: Node = field(default_factory=dict)


def register_eval_schema() -> None:
    """Puts the typed root into Hydra's ConfigStore (calling again changes nothing)."""
    ConfigStore.instance().store(name="eval_schema", node=EvalConfig, provider="riddle_pl")
