"""The typed root of ``conf/ablation.yaml``."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING


@dataclass
class AblationConfig:
    """Everything ``riddle-ablation`` reads."""

    experiments: list[str] = MISSING
    """Names of ``conf/experiment``."""
    seeds: list[int] = MISSING
    """Each experiment is trained once with each."""
    train_root: Any = MISSING
    """``data.root`` of the experiments that train on photos: a path, or a list of paths."""
    eval_root: str = MISSING
    """``data.root`` of the evaluations."""
    train: list[str] = field(default_factory=list)
    """Overrides of ``riddle-train`` in every run."""
    evaluate: list[str] = field(default_factory=list)
    """Overrides of ``riddle-eval`` in every run."""
    out: str = MISSING
    """Folder of the runs and the tables; what is there already is not done again."""
    quiet: bool = False
    """No line per run, no progress bar, no table on the screen."""


def register_ablation_schema() -> None:
    """Puts the typed root into Hydra's ConfigStore (calling again changes nothing)."""
    ConfigStore.instance().store(name="ablation_schema", node=AblationConfig, provider="riddle_pl")
