"""The typed roots of the applications: a key that is not here is an error when the config is composed."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

Node = dict[str, Any]
"""A plain YAML node with ``_target_``; ``check_config`` holds its keys to the target's signature."""


@dataclass
class TrainConfig:
    """Everything ``riddle-train`` reads."""

    name: str = MISSING
    """Run name: the experiment's, part of the log folder."""
    seed: int = 0
    """Seeds the encryptor's weights, the data order, the passwords and dropout."""
    steps: int = MISSING
    """Optimiser steps."""
    batch_size: int = MISSING
    """Faces per step and device."""
    val_every: int = MISSING
    """Steps between two validations (and two checkpoints)."""
    ckpt_path: str | None = None
    """Checkpoint to resume from."""
    start_pack: str | None = None
    """Pack whose encryptor (role ``export_role``) is the start of a new run; null: fresh weights."""
    start_ckpt: str | None = None
    """Checkpoint whose encryptor is the start of a new run, of another stage for example; null: fresh weights."""
    device: str = "auto"
    """Where photos are inverted: auto, cpu, cuda or cuda:N."""
    matmul_precision: str = "highest"
    """Of float32 matrix products: highest, high (TF32 on NVIDIA GPUs) or medium (bfloat16)."""
    quiet: bool = False
    """No progress bar, no closing line."""
    optimized_metric: str | None = None
    """Logged figure that a sweep minimises or maximises, ``val/loss/total`` for example."""
    export: str | None = None
    """Pack folder that receives the trained encryptor when the run is over."""
    export_role: str = "encryptor"
    """Role of the exported encryptor in that pack."""
    export_overwrite: bool = False
    """Write over an encryptor of that role that the pack has already."""
    pack: Node = field(default_factory=dict)
    data: Node = field(default_factory=dict)
    invert: Node = field(default_factory=dict)
    encryptor: Node = field(default_factory=dict)
    password: Node = field(default_factory=dict)
    loss: Node = field(default_factory=dict)
    stage: Node = field(default_factory=dict)
    views: Node = field(default_factory=dict)
    optimizer: Node = field(default_factory=dict)
    scheduler: Node = field(default_factory=dict)
    trainer: Node = field(default_factory=dict)
    callbacks: Node = field(default_factory=dict)
    logger: Node = field(default_factory=dict)


@dataclass
class PretrainConfig:
    """Everything ``riddle-pretrain`` reads."""

    seed: int = 0
    """Seeds weights and data of the recipe."""
    out: str | None = None
    """Folder of checkpoint and sample sheets; null: ``runs/<recipe>``."""
    export: str | None = None
    """Pack folder that receives the networks when the run is over; null: train only."""
    export_overwrite: bool = False
    """Write over networks that the pack has already."""
    threads: int | None = None
    """CPU threads; null: as PyTorch chooses."""
    checkpoint_every: int = 500
    """Steps between two checkpoints."""
    samples_every: int = 500
    """Steps between two sample sheets."""
    data: Node = field(default_factory=dict)
    recipe: Node = field(default_factory=dict)
    trainer: Node = field(default_factory=dict)


@dataclass
class FiguresConfig:
    """What ``riddle-eval``, ``riddle-audit`` and ``riddle-attack`` all read."""

    seed: int = 0
    """Chooses people, samples, passwords, the start of attackers' networks and the bootstrap's draws."""
    resamples: int = 2000
    """Of the bootstrap."""
    batch_size: int = 50
    """Faces at a time; memory grows with it and not with the number of images."""
    device: str = "auto"
    """Of the networks: auto, cpu, cuda or cuda:N."""
    quiet: bool = False
    """No progress bar, no table on the screen."""
    out: str = MISSING
    """Folder of the report or the tables, and of what is kept for the next run."""
    pack: Node = field(default_factory=dict)
    data: Node = field(default_factory=dict)
    invert: Node = field(default_factory=dict)


@dataclass
class MeasuringConfig(FiguresConfig):
    """What ``riddle-eval`` and ``riddle-audit`` both read."""

    cache_dir: str | None = None
    """Folder of judgements and calibrated pairs; null: evaluation/ in $RIDDLE_HOME."""
    evaluators: Node = field(default_factory=dict)
    detectors: Node = field(default_factory=dict)


@dataclass
class DiversityConfig:
    """How much the diversity of passwords is measured on."""

    faces: int = 50
    """The first so many of the faces; 0: not measured."""
    passwords: int = 20
    """Per face; as many wrong ones."""


@dataclass
class EvalConfig(MeasuringConfig):
    """Everything ``riddle-eval`` reads."""

    name: str | None = None
    """What tables and loggers call the method; null: its own name."""
    far: float = 1e-3
    """False-accept rate on pairs of different people that gives the threshold."""
    part: str | None = None
    """I/N: judge only part I of N, from 0, and leave the report to a run without it; null: as torchrun or srun say."""
    attacks: str | None = None
    """Folder of ``riddle-attack`` whose table is to stand beside the others; null: none."""
    diversity: DiversityConfig = field(default_factory=DiversityConfig)
    pairs: Node | None = None
    method: Node = field(default_factory=dict)
    passwords: Node = field(default_factory=dict)
    features: Node = field(default_factory=dict)
    photos: Node = field(default_factory=dict)
    logger: Node = field(default_factory=dict)


@dataclass
class AuditConfig(MeasuringConfig):
    """Everything ``riddle-audit`` reads."""

    export: str | None = None
    """Pack folder whose model card receives the figures; null: none."""
    audit: Node = field(default_factory=dict)


@dataclass
class AttackConfig(FiguresConfig):
    """Everything ``riddle-attack`` reads."""

    encryptors: list[str] | None = None
    """Roles of the pack; null: all of its encryptors."""
    public: int = 2000
    """Public faces on which attackers learn, at most."""
    part: str = "train"
    """Of the public faces: ``train``, which recipes trained on, or ``held_out``, fewer, which none has seen."""
    people: Node = field(default_factory=dict)
    faces: Node = field(default_factory=dict)
    attack: Node = field(default_factory=dict)


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
    """Overrides of ``riddle-train`` in every run, after those of its stage."""
    stages: dict[str, list[str]] = field(default_factory=dict)
    """Trainings of a row, in order: overrides by name. Each starts with the encryptor of the one before."""
    evaluate: list[str] = field(default_factory=list)
    """Overrides of ``riddle-eval`` in every run."""
    out: str = MISSING
    """Folder of the runs and the tables; what is there already is not done again."""
    quiet: bool = False
    """No line per run, no progress bar, no table on the screen."""


SCHEMAS = {
    "train": TrainConfig,
    "pretrain": PretrainConfig,
    "eval": EvalConfig,
    "audit": AuditConfig,
    "attack": AttackConfig,
    "ablation": AblationConfig,
}
"""By the name of the primary config."""

RUNTIME_ARGUMENTS = {
    "data": frozenset({"pack"}),
    "encryptor": frozenset({"num_layers"}),
    "optimizer": frozenset({"params"}),
    "scheduler": frozenset({"optimizer"}),
    "trainer": frozenset({"callbacks", "logger", "default_root_dir", "enable_progress_bar", "enable_checkpointing"}),
    "logger": frozenset({"save_dir"}),
}
"""What the program passes to the target of each root key (to each named node of ``logger``), not the config."""


def register_schemas() -> None:
    """Puts the typed roots into Hydra's ConfigStore (call before composing; calling again changes nothing)."""
    for name, node in SCHEMAS.items():
        ConfigStore.instance().store(name=f"{name}_schema", node=node, provider="riddle_pl")
