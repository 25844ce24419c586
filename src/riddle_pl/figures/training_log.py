"""What a training run logged: from ``metrics.csv``, which ``riddle-train`` writes by default, or from wandb."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from riddle_pl.errors import FileError, one_line
from riddle_pl.files import require_file

Curve = tuple[Float[np.ndarray, "_n"], Float[np.ndarray, "_n"]]
"""Steps and values."""

WANDB_STEP = "trainer/global_step"
"""Where Lightning's logger puts the training step."""


def read_training_log(path: Path) -> Mapping[str, Curve]:
    """The logged curves by name (``loss/total``, ``val/loss/total``, ...), in the order of the file's columns.

    Raises:
        FileError: no such file, or not one of a training run.
    """
    path = require_file(path, "training log")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return _curves(csv.DictReader(file), "step")
    except (OSError, UnicodeDecodeError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise FileError(
            f"training log {path} cannot be read ({error!r}); give the metrics.csv of a run of riddle-train"
        ) from error


def join_logs(paths: Sequence[Path]) -> Mapping[str, Curve]:
    """The curves of a run that was resumed, from the logs of its parts in their order.

    Raises:
        FileError: see :func:`read_training_log`.
    """
    parts = [read_training_log(path) for path in paths]
    names = dict.fromkeys(name for part in parts for name in part)
    pieces = {name: [part[name] for part in parts if name in part] for name in names}
    return {
        name: (np.concatenate([steps for steps, _ in curve]), np.concatenate([values for _, values in curve]))
        for name, curve in pieces.items()
    }


def read_wandb_log(run: str) -> Mapping[str, Curve]:
    """The same curves of a run that was logged with ``logger=wandb``; asks wandb's server.

    Args:
        run: ``entity/project/id``, as in the run's address.

    Raises:
        FileError: wandb does not know the run, or cannot be reached.
    """
    import wandb

    try:
        return _curves(wandb.Api().run(run).scan_history(), WANDB_STEP)
    except (wandb.Error, ValueError, OSError) as error:
        raise FileError(f"wandb run {run} cannot be read ({one_line(error)}); give entity/project/id") from error


def last_values(curves: Mapping[str, Curve]) -> Mapping[str, float]:
    """The last value of each curve."""
    return {name: float(values[-1]) for name, (_, values) in curves.items()}


def find_training_log(checkpoint: Path) -> Path | None:
    """The newest ``metrics.csv`` of the run that a checkpoint (``RUN/checkpoints/last.ckpt``) belongs to."""
    found = checkpoint.absolute().parent.parent.glob("csv*/metrics.csv")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _curves(rows: Iterable[Mapping[str, Any]], step_name: str) -> Mapping[str, Curve]:
    """Raises what a malformed row does: ``KeyError``, ``ValueError`` or ``TypeError``."""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        for name, value in row.items():
            if name != step_name and "/" in name and isinstance(value, str | int | float) and value != "":
                points.setdefault(name, []).append((float(row[step_name]), float(value)))
    return {name: (np.array([s for s, _ in some]), np.array([v for _, v in some])) for name, some in points.items()}
