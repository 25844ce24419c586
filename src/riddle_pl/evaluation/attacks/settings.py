"""The typed root of ``conf/attack.yaml``."""

from dataclasses import dataclass, field

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from riddle_pl.config.schema import Node


@dataclass
class AttackConfig:
    """Everything ``riddle-attack`` reads."""

    seed: int = 0
    """Chooses faces, passwords, the networks' start and the bootstrap's draws."""
    resamples: int = 2000
    """Of the bootstrap."""
    batch_size: int = 50
    """Faces at a time."""
    device: str = "auto"
    """Of the pack's networks: auto, cpu, cuda or cuda:N."""
    quiet: bool = False
    """No progress, no table on the screen."""
    encryptors: list[str] | None = None
    """Roles of the pack; null: all of its encryptors."""
    public: int = 2000
    """Public faces on which attackers learn, at most."""
    part: str = "train"
    """Of the public faces: ``train``, which recipes trained on, or ``held_out``, fewer, which none has seen."""
    out: str = MISSING
    """Folder of the tables, of figures and of codes; what is there already is not computed again."""
    pack: Node = field(default_factory=dict)
    data: Node = field(default_factory=dict)
    invert: Node = field(default_factory=dict)
    people: Node = field(default_factory=dict)
    faces: Node = field(default_factory=dict)
    attack: Node = field(default_factory=dict)


def register_attack_schema() -> None:
    """Puts the typed root into Hydra's ConfigStore (calling again changes nothing)."""
    ConfigStore.instance().store(name="attack_schema", node=AttackConfig, provider="riddle_pl")
