"""The runs of an ablation, and the state of each."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from riddle_pl.config import compose_jobs
from riddle_pl.errors import ConfigError
from riddle_pl.files import write_text

SETTINGS = "settings.yaml"
"""In the output folder: what its runs have in common."""
MAX_SETTINGS = 1 << 20
"""Largest number of characters."""
_COMMON = ("train_root", "eval_root", "train", "evaluate")


@dataclass(frozen=True)
class Job:
    """One experiment with one training seed.

    Args:
        experiment: name in ``conf/experiment``.
        seed: of the training.
        folder: of its checkpoint and its evaluation.
        training: overrides of ``riddle-train``.
        evaluation: overrides of ``riddle-eval``.
    """

    experiment: str
    seed: int
    folder: Path
    training: tuple[str, ...]
    evaluation: tuple[str, ...]

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoints" / "last.ckpt"

    @property
    def report(self) -> Path:
        return self.folder / "evaluation" / "report.json"

    @property
    def method(self) -> tuple[str, ...]:
        """Overrides of ``riddle-eval`` that name the checkpoint."""
        return ("method=checkpoint", f"method.path='{self.checkpoint}'", f"out='{self.report.parent}'")

    def training_config(self) -> DictConfig:
        """Config of the run, resumed if there is a checkpoint."""
        resumed = [f"ckpt_path='{self.checkpoint}'"] if self.checkpoint.is_file() else []
        return compose_jobs("train", [*self.training, *resumed])[0]

    def evaluation_config(self) -> DictConfig:
        """Config of the evaluation of the trained encryptor."""
        return compose_jobs("eval", [*self.evaluation, *self.method])[0]

    def is_trained(self) -> bool:
        """Whether training is finished."""
        if not self.checkpoint.is_file():
            return False
        from riddle_pl.training.checkpoint_file import load_checkpoint

        return int(load_checkpoint(self.checkpoint)["global_step"]) >= int(self.training_config().steps)


def plan(cfg: DictConfig) -> list[Job]:
    """Jobs ordered by seed, so that a first table is available early.

    Raises:
        ConfigError: an unknown experiment or override, or nothing to do.
    """
    if not cfg.experiments or not cfg.seeds:
        raise ConfigError(f"experiments={list(cfg.experiments)}, seeds={list(cfg.seeds)}; give at least one of each")
    jobs = []
    for seed, experiment in itertools.product(dict.fromkeys(cfg.seeds), dict.fromkeys(cfg.experiments)):
        [composed] = compose_jobs("train", [f"experiment={experiment}"])
        if "root" in composed.data.keys():  # noqa: SIM118  # "in" takes a key without a value for a missing one
            data = [f"data.root={cfg.train_root}", *cfg.train]
        else:
            data = [text for text in cfg.train if not text.lstrip("+~").startswith("data.")]
        training = (f"experiment={experiment}", f"seed={seed}", f"quiet={cfg.quiet}", *data)
        evaluation = (f"data.root={cfg.eval_root}", f"quiet={cfg.quiet}", *cfg.evaluate)
        folder = Path(cfg.out).expanduser() / experiment / f"seed_{seed}"
        jobs.append(Job(experiment, int(seed), folder, training, evaluation))
    return jobs


def check(cfg: DictConfig) -> None:
    """Everything that can be checked before the first run starts.

    Raises:
        RiddleError: one line about the first thing that is wrong.
    """
    out = Path(cfg.out).expanduser()
    if (out / SETTINGS).is_file() and _settings_of(out) != _as_yaml(cfg):
        raise ConfigError(f"out={out} holds runs with other settings ({SETTINGS}); give another out, or these settings")
    jobs = plan(cfg)

    from riddle_pl.evaluation.preflight import check_job as check_evaluation
    from riddle_pl.training.preflight import check_job as check_training

    for job in jobs:
        check_training(job.training_config())
    check_evaluation(compose_jobs("eval", [*jobs[0].evaluation, f"out='{jobs[0].report.parent}'"])[0])


def remember(cfg: DictConfig) -> None:
    """Writes what the runs of this folder have in common."""
    write_text(Path(cfg.out).expanduser() / SETTINGS, _as_yaml(cfg))


def _settings_of(out: Path) -> str:
    """Read as text, without parsing."""
    with (out / SETTINGS).open(encoding="utf-8", errors="replace") as file:
        return file.read(MAX_SETTINGS)


def _as_yaml(cfg: DictConfig) -> str:
    return OmegaConf.to_yaml(OmegaConf.create(_common(cfg)))


def _common(cfg: DictConfig) -> dict[str, object]:
    plain = OmegaConf.to_container(cfg, resolve=True)
    if not isinstance(plain, dict):
        raise TypeError("an ablation's config is a mapping")
    return {key: plain[key] for key in _COMMON}
