"""``riddle-pretrain``: runs one recipe of the lite pack, resuming where a killed run stopped (a Hydra application)."""

import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from riddle_pl.config.app import run_app


def main() -> None:
    """Entry point. Exit status 2 after a mistake of the user's, 130 after Ctrl-C, 143 after SIGTERM."""
    run_app("pretrain", pretrain, check)


def check(cfg: DictConfig) -> None:
    """Of a config that could be composed; only now is PyTorch imported, which takes seconds."""
    from riddle_pl.pretraining.preflight import check_job

    return check_job(cfg)


def pretrain(cfg: DictConfig, _: None) -> None:
    """Runs one recipe."""
    from riddle_pl.pretraining.run import run
    from riddle_pl.training.checkpointing import Interrupted

    hydra = HydraConfig.get()
    out = Path(cfg.out or f"runs/{hydra.runtime.choices['recipe']}")
    try:
        run(cfg, out, hydra.overrides.task, progress=sys.stderr.isatty())
    except Interrupted as stop:
        print(f"{stop}; the same command continues from {stop.checkpoint}", file=sys.stderr)
        raise SystemExit(stop.status) from None


if __name__ == "__main__":
    main()
