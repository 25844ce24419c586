"""The runs of an ablation, and the state of each."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from riddle_pl.config import compose_jobs
from riddle_pl.config.ranges import check_range
from riddle_pl.errors import ConfigError
from riddle_pl.files import write_text

SETTINGS = "settings.yaml"
"""In the output folder: what its runs have in common."""
MAX_SETTINGS = 1 << 20
"""Largest number of characters."""
_COMMON = ("train_root", "eval_root", "train", "stages", "evaluate")


@dataclass(frozen=True)
class Training:
    """One stage of a job.

    Args:
        stage: its name in ``stages``.
        folder: of its checkpoint.
        overrides: of ``riddle-train``.
        before: the stage whose encryptor it starts with; None for the first.
    """

    stage: str
    folder: Path
    overrides: tuple[str, ...]
    before: "Training | None"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoints" / "last.ckpt"

    def config(self) -> DictConfig:
        """Resumed if there is a checkpoint, else started from the stage before if that has one."""
        if self.checkpoint.is_file():
            return self._config(f"ckpt_path='{self.checkpoint}'")
        if self.before is not None and self.before.checkpoint.is_file():
            return self._config(f"start_ckpt='{self.before.checkpoint}'")
        return self._config()

    def is_done(self) -> bool:
        """Whether it has all of its steps."""
        if not self.checkpoint.is_file():
            return False
        from riddle_pl.training.checkpoint_file import load_checkpoint

        return int(load_checkpoint(self.checkpoint)["global_step"]) >= int(self._config().steps)

    def _config(self, *more: str) -> DictConfig:
        return compose_jobs("train", [*self.overrides, *more])[0]


@dataclass(frozen=True)
class Job:
    """One experiment with one training seed.

    Args:
        experiment: name in ``conf/experiment``.
        seed: of the trainings.
        trainings: its stages, in order.
        report: of its evaluation.
        evaluation: overrides of ``riddle-eval``.
    """

    experiment: str
    seed: int
    trainings: tuple[Training, ...]
    report: Path
    evaluation: tuple[str, ...]

    @property
    def method(self) -> tuple[str, ...]:
        """Overrides of ``riddle-eval`` that name the checkpoint."""
        checkpoint = self.trainings[-1].checkpoint
        return ("method=checkpoint", f"method.path='{checkpoint}'", f"out='{self.report.parent}'")

    def evaluation_config(self) -> DictConfig:
        """Config of the evaluation of the trained encryptor."""
        return compose_jobs("eval", [*self.evaluation, *self.method])[0]


def plan(cfg: DictConfig) -> list[Job]:
    """Jobs ordered by seed, so that a first table is available early.

    Raises:
        ConfigError: an unknown experiment or override, a seed out of range, or nothing to do.
    """
    parts = {"experiments": list(cfg.experiments), "seeds": list(cfg.seeds), "stages": list(cfg.stages)}
    if not all(parts.values()):
        raise ConfigError(", ".join(f"{name}={part}" for name, part in parts.items()) + "; give at least one of each")
    for seed in cfg.seeds:
        check_range("seed", seed, "seeds")
    evaluation = (f"data.root={cfg.eval_root}", f"quiet={cfg.quiet}", *cfg.evaluate)
    jobs = []
    for seed, experiment in itertools.product(dict.fromkeys(cfg.seeds), dict.fromkeys(cfg.experiments)):
        folder = Path(cfg.out).expanduser() / experiment / f"seed_{seed}"
        trainings = _trainings(cfg, experiment, int(seed), folder)
        jobs.append(Job(experiment, int(seed), trainings, folder / "evaluation" / "report.json", evaluation))
    return jobs


def _trainings(cfg: DictConfig, experiment: str, seed: int, folder: Path) -> tuple[Training, ...]:
    trainings: list[Training] = []
    for name, stage in cfg.stages.items():
        run = [f"experiment={experiment}", f"seed={seed}", f"quiet={cfg.quiet}"]
        settings = [*stage, *cfg.train]
        without = [text for text in settings if not text.lstrip("+~").startswith("data.")]
        if _reads_photos([*run, *without]):
            overrides = [*run, f"data.root={cfg.train_root}", *settings]
        else:
            overrides = [*run, *without]
        trainings.append(Training(name, folder / name, tuple(overrides), trainings[-1] if trainings else None))
    return tuple(trainings)


def _reads_photos(overrides: list[str]) -> bool:
    [composed] = compose_jobs("train", overrides)
    return "root" in composed.data.keys()  # noqa: SIM118  # "in" takes a key without a value for a missing one


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

    for job in jobs[: len(set(cfg.experiments))]:  # the first seed's: the others differ in the seed alone
        for training in job.trainings:
            if not training.is_done():
                check_training(training.config())
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
