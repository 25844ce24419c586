"""Arguments of the trainer that other keys of the config decide."""

from omegaconf import DictConfig

from riddle_pl.errors import ConfigError

_LENGTH = "steps= is the length of a run"
DECIDED = {
    "max_epochs": _LENGTH,
    "max_time": _LENGTH,
    "min_steps": _LENGTH,
    "min_epochs": _LENGTH,
    "callbacks": "callbacks=none, or callbacks.NAME=null, switches callbacks off",
    "enable_checkpointing": "callbacks=none, or callbacks.best=null and callbacks.last=null, saves nothing",
    "logger": "logger=none switches loggers off",
    "default_root_dir": "hydra.run.dir= is the folder of a run",
    "enable_progress_bar": "quiet=true switches the progress bar off",
}
"""By argument: what to give in its place."""
_UNSET = {"max_epochs": (None, -1)}
"""Values of an argument that leave the decision to others."""


def check_trainer_keys(cfg: DictConfig) -> None:
    """Refuses what would be overridden without a word, or would end a run before it has its steps.

    Raises:
        ConfigError: an argument of the trainer that another key decides, or one by which nothing is trained.
    """
    for name, instead in DECIDED.items():
        value = cfg.trainer.get(name)
        if value not in _UNSET.get(name, (None,)):
            raise ConfigError(f"trainer.{name}={value} is decided elsewhere: {instead}; leave trainer.{name} out")
    if (steps := cfg.trainer.get("max_steps", cfg.steps)) != cfg.steps:
        raise ConfigError(f"trainer.max_steps={steps} is decided elsewhere: {_LENGTH}; give steps={steps}")
    if cfg.trainer.get("limit_train_batches") == 0:
        raise ConfigError("trainer.limit_train_batches=0 trains nothing; leave it out, and give steps= for a short run")
