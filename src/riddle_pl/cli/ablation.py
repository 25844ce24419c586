"""``riddle-ablation``: the paper's ablation table from one command (a Hydra application)."""

import sys

from omegaconf import DictConfig

from riddle_pl.config.app import run_app


def main() -> None:
    """Entry point. Exit status 2 after a mistake of the user's, 130 after Ctrl-C, 143 after SIGTERM."""

    run_app("ablation", ablation, check)


def check(cfg: DictConfig) -> None:
    """Of a config that could be composed; only now is PyTorch imported, which takes seconds."""
    from riddle_pl.evaluation.ablation import jobs

    jobs.check(cfg)


def ablation(cfg: DictConfig, _: None) -> None:
    """Runs what is left, then prints the tables."""
    from riddle_pl.evaluation.ablation.run import run_ablation
    from riddle_pl.evaluation.report.tables import FORMATS
    from riddle_pl.training.checkpointing import Interrupted

    try:
        tables, written = run_ablation(cfg, progress=sys.stderr.isatty() and not cfg.quiet)
    except Interrupted as stop:
        print(f"{stop}; the same command resumes from there", file=sys.stderr)
        raise SystemExit(stop.status) from None
    if not cfg.quiet:
        print("\n".join(FORMATS["md"](table) for table in tables))
        print("Written:", *(f"  {path}" for path in written), sep="\n")


if __name__ == "__main__":
    main()
