"""Stops a run in which a loss, a gradient or a weight is no longer a finite number, before it is saved."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from riddle_pl.errors import NonFiniteError

_ADVICE = "lower optimizer.lr, clip with trainer.gradient_clip_val=1, or give trainer.precision=32-true"
_SHOWN = 3


class FiniteCheck(pl.Callback):
    """Checks the loss before each backward pass, the gradients before each step, and the logged validation losses.

    All processes stop at the same step. Gradients are not checked under a float16 scaler, which skips such steps.
    """

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor) -> None:
        bad = not bool(torch.isfinite(loss.detach()).all())
        if trainer.strategy.reduce_boolean_decision(bad, all=False):
            terms = not_finite(trainer.callback_metrics, "loss/")
            raise _stop(trainer, _on_all(trainer, terms or ([f"the loss is {float(loss):g}"] if bad else [])))

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        if getattr(trainer.precision_plugin, "scaler", None) is not None:
            return
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if not all_finite([p.grad for p in parameters]):  # the same in all processes, whose mean it is
            bad = {id(p) for p in parameters if not bool(torch.isfinite(p.grad).all())}
            names = [name for name, p in pl_module.named_parameters() if id(p) in bad]
            raise _stop(trainer, [f"the gradient of {_shown(names)} is not finite"])

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.state.fn == "fit" and (terms := not_finite(trainer.callback_metrics, "val/loss/")):
            raise _stop(trainer, terms)


def not_finite(metrics: Mapping[str, Any], prefix: str) -> list[str]:
    """``loss/pixel is nan`` for each value under ``prefix`` that is not finite; the total only where it is alone."""
    bad = {name: float(value) for name, value in metrics.items() if name.startswith(prefix)}
    bad = {name: value for name, value in bad.items() if not math.isfinite(value)}
    terms = {name: value for name, value in bad.items() if name != f"{prefix}total"} or bad
    return [f"{name} is {value:g}" for name, value in terms.items()]


def all_finite(tensors: Sequence[Tensor | None]) -> bool:
    """Whether every tensor is finite, with one device synchronisation."""
    real = [tensor.detach() for tensor in tensors if tensor is not None and tensor.is_floating_point()]
    return not real or bool(torch.isfinite(get_total_norm([t for t in real if t.numel()], norm_type=math.inf)))


def require_finite_weights(module: nn.Module, trainer: pl.Trainer) -> None:
    """Called before a checkpoint is written.

    Raises:
        NonFiniteError: a weight is not a finite number.
    """
    state = module.state_dict()
    if not all_finite(list(state.values())):
        names = [name for name, value in state.items() if not bool(torch.isfinite(value).all())]
        raise _stop(trainer, [f"the weight {_shown(names)} is not finite"])


def _stop(trainer: pl.Trainer, what: Sequence[str]) -> NonFiniteError:
    last = last_checkpoint(trainer)
    kept = f"continue from the last good checkpoint, {last}" if last else "no checkpoint was written"
    return NonFiniteError(f"step {trainer.global_step + 1}: {'; '.join(what)}; training stopped: {kept} ({_ADVICE})")


def last_checkpoint(trainer: pl.Trainer) -> Path | None:
    """The last checkpoint of this run, or else the one that it resumed from."""
    paths = [getattr(c, "path", None) for c in trainer.callbacks if isinstance(c, Checkpoint)]  # type: ignore[attr-defined]
    kept = next((path for path in paths if path is not None), trainer.ckpt_path)
    return None if kept is None else Path(kept)


def _on_all(trainer: pl.Trainer, mine: list[str]) -> list[str]:
    """Findings of all processes, without duplicates; a collective call."""
    if trainer.world_size == 1:
        return mine
    found: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(found, mine)
    return list(dict.fromkeys(text for some in found for text in some))


def _shown(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
