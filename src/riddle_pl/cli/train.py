"""``riddle-train``: trains a latent encryptor (a Hydra application on ``conf/train.yaml``)."""

import logging
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from riddle_pl.config.app import run_app
from riddle_pl.errors import RiddleError
from riddle_pl.launch import rank, restarted

if TYPE_CHECKING:
    from riddle_pl.training.build import Parts

log = logging.getLogger(__name__)

INHERITED = ("ckpt_path", "start_pack", "start_ckpt")
"""Keys that name a run or an encryptor whose settings are taken over."""


def main() -> None:
    """Entry point. Exit status 2 after a mistake of the user's, 130 after Ctrl-C, 143 after SIGTERM."""
    run_app("train", train, check, taken_over, check_folder)


def taken_over(overrides: list[str]) -> list[str]:
    """See :func:`riddle_pl.training.inherit.inherited`; imported where there is a file to inherit from."""
    if not any(text.lstrip("+").partition("=")[0] in INHERITED for text in overrides):
        return []
    from riddle_pl.training.inherit import inherited

    return inherited(overrides)


def check(cfg: DictConfig) -> "Parts":
    """Of a config that could be composed; only now is PyTorch imported, which takes seconds."""
    from riddle_pl.training.preflight import check_job

    return check_job(cfg)


def check_folder(cfg: DictConfig, run_dir: Path) -> None:
    """Of a run that begins anew; a launcher starts a command again, and several times at once, in one folder."""
    from riddle_pl.training.checkpointing import require_unused

    if not restarted() and rank() == 0:
        require_unused(run_dir, cfg.ckpt_path)


def train(cfg: DictConfig, parts: "Parts") -> float | None:
    """Runs one job in Hydra's output folder; gives a sweep the metric that it is after."""
    from riddle_pl.training.checkpointing import Interrupted
    from riddle_pl.training.inherit import kept_overrides
    from riddle_pl.training.run import train as fit

    hydra = HydraConfig.get()
    run_dir = Path(hydra.runtime.output_dir)
    progress = sys.stderr.isatty() and sys.stdout.isatty() and not cfg.quiet
    check_folder(cfg, run_dir)
    try:
        done = fit(
            cfg,
            run_dir,
            progress,
            kept_overrides(hydra.overrides.task),
            lines=not progress and not cfg.quiet,
            restarted=restarted(),
            parts=parts,
        )
    except Interrupted as stop:
        if rank() == 0:
            print(f"{stop}; continue with ckpt_path={_short(stop.checkpoint)}", file=sys.stderr)
        raise SystemExit(stop.status) from None
    except RiddleError as error:
        log.info("stopped: %s", error)
        if rank() == 0:
            discard_unused(run_dir)
        raise
    if not cfg.quiet and rank() == 0:
        last = done.checkpoint
        print(f"run: {_short(run_dir)}" + (f"   checkpoint: {_short(last)}" if last else ""))
    return done.metrics.get(cfg.optimized_metric)


def discard_unused(run_dir: Path) -> None:
    """Removes the folder of a run that failed before it wrote anything, and the parents that this leaves empty."""
    hydra = HydraConfig.get()
    ours = [run_dir / str(hydra.output_subdir), run_dir / f"{hydra.job.name}.log"]
    if not run_dir.is_dir() or set(run_dir.iterdir()) - set(ours):
        return
    shutil.rmtree(run_dir)
    for parent in run_dir.parents:
        if parent == Path.cwd() or any(parent.iterdir()):
            return
        parent.rmdir()


def _short(path: Path | None) -> str:
    """The path as seen from here, where that is shorter."""
    if path is None:
        return "(nothing was saved)"
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    main()
