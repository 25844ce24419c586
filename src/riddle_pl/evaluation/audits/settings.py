"""The typed root of ``conf/audit.yaml``."""

from dataclasses import dataclass, field

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from riddle_pl.config.schema import Node


@dataclass
class AuditConfig:
    """Everything ``riddle-audit`` reads."""

    seed: int = 0
    """Chooses samples, faces, passwords and the bootstrap's draws."""
    resamples: int = 2000
    """Of the bootstrap."""
    batch_size: int = 50
    """Faces at a time."""
    device: str = "auto"
    """Of the pack's networks: auto, cpu, cuda or cuda:N."""
    quiet: bool = False
    """No progress bar, no table on the screen."""
    out: str = MISSING
    """Folder of the report and the pictures."""
    export: str | None = None
    """Pack folder whose model card receives the figures; null: none."""
    cache_dir: str | None = None
    """Folder of embeddings and calibrated pairs; null: evaluation/ in $RIDDLE_HOME."""
    pack: Node = field(default_factory=dict)
    data: Node = field(default_factory=dict)
    invert: Node = field(default_factory=dict)
    evaluators: Node = field(default_factory=dict)
    detectors: Node = field(default_factory=dict)
    audit: Node = field(default_factory=dict)


def register_audit_schema() -> None:
    """Puts the typed root into Hydra's ConfigStore (calling again changes nothing)."""
    ConfigStore.instance().store(name="audit_schema", node=AuditConfig, provider="riddle_pl")
