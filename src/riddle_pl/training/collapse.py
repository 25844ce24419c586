"""Warns when an encryptor collapses: its output no longer depends on the password, or on the face."""

import logging

import pytorch_lightning as pl
from typing_extensions import override

from riddle_pl.errors import ConfigError
from riddle_pl.training.code_figures import SPREAD_OF_FACES, SPREAD_OF_PASSWORDS

log = logging.getLogger(__name__)

COLLAPSES = {SPREAD_OF_PASSWORDS: "two passwords give one face", SPREAD_OF_FACES: "two faces become one"}
"""By metric."""


class CollapseWarning(pl.Callback):
    """Warns in one line when a spread falls below the bound; again only after it was above.

    Training continues, since a collapse early in a run may recover.

    Args:
        passwords: bound on the spread over passwords, relative to that of random codes.
        faces: bound on the spread over faces. It may be small in a working encryptor, since no two records share a
            password.

    Raises:
        ConfigError: a bound is outside [0, 1].
    """

    def __init__(self, passwords: float = 0.05, faces: float = 0.01):
        for name, bound in (("passwords", passwords), ("faces", faces)):
            if not 0 <= bound <= 1:
                raise ConfigError(f"callbacks.collapse.{name}={bound}; expected a share from 0 to 1")
        self.bounds = {SPREAD_OF_PASSWORDS: passwords, SPREAD_OF_FACES: faces}
        self._collapsed: set[str] = set()

    @override
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for name, what in COLLAPSES.items():
            spread = trainer.callback_metrics.get(name)
            if spread is None or not spread < self.bounds[name]:
                self._collapsed.discard(name)
            elif name not in self._collapsed:
                self._collapsed.add(name)
                if trainer.is_global_zero:
                    log.warning("step %d: collapsed: %s (%s %.3f)", trainer.global_step, what, name, spread)
