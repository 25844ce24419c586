"""``riddle-eval``: measures an encryptor on people that no network was trained on (a Hydra application)."""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from riddle_pl.config.app import run_app


def main() -> None:
    """Entry point. Exit status 2 after a mistake of the user's, 130 after Ctrl-C."""
    from riddle_pl.evaluation.build import check_job
    from riddle_pl.evaluation.settings import register_eval_schema

    register_eval_schema()
    run_app("eval", run_evaluation, check_job)


def run_evaluation(cfg: DictConfig) -> None:
    """Runs one evaluation; the report goes to Hydra's output folder."""
    from riddle_pl.evaluation.run import evaluate

    out = Path(HydraConfig.get().runtime.output_dir)
    report = evaluate(cfg)
    written = report.write(out)
    if not cfg.quiet:
        print(report.to_markdown())
        print("Written:", *(f"  {path}" for path in written), sep="\n")


if __name__ == "__main__":
    main()
