"""The figures that a run logs, and those that its callbacks and searches watch: checked before it starts."""

from collections.abc import Mapping

import pytorch_lightning as pl
from omegaconf import DictConfig

from riddle_pl.errors import ConfigError, suggestion
from riddle_pl.losses import RiddleLoss
from riddle_pl.packs import Pack
from riddle_pl.training.code_figures import CODE_FIGURES
from riddle_pl.training.stage import COSINES, CodesStage, PictureStage, Stage

_KNOWN = ("riddle_pl.", "pytorch_lightning.")
_RATES = "lr-"
"""Beginning of the names under which Lightning logs learning rates."""


def check_watched(
    cfg: DictConfig, loss: RiddleLoss, stage: Stage, pack: Pack, callbacks: Mapping[str, pl.Callback]
) -> None:
    """Holds the figures that are watched to those that are logged; a stage or a callback of the user's may log others.

    Raises:
        ConfigError: ``callbacks.NAME.monitor`` or ``optimized_metric`` is not logged.
    """
    if type(stage) not in (PictureStage, CodesStage):
        return
    if not all(type(callback).__module__.startswith(_KNOWN) for callback in callbacks.values()):
        return
    watched = {f"callbacks.{name}.monitor": getattr(callback, "monitor", None) for name, callback in callbacks.items()}
    names = logged_figures(loss, stage, pack)
    for key, name in {**watched, "optimized_metric": cfg.optimized_metric}.items():
        if name is not None and name not in names and not name.startswith(_RATES):
            raise ConfigError(f"{key}={name} is not logged; {suggestion(name, names)}")


def logged_figures(loss: RiddleLoss, stage: Stage, pack: Pack) -> set[str]:
    """Names of the figures of training and validation."""
    of_loss = {f"loss/{name}" for name in ("total", *loss.terms)}
    of_stage = COSINES if isinstance(stage, PictureStage) and pack.has("recogniser") else ()
    return {*of_loss, *(f"val/{name}" for name in of_loss), *of_stage, *CODE_FIGURES}
