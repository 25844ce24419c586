"""``riddle-eval``: measures an encryptor, or any other method, on photos of people (a Hydra application)."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from riddle_pl.archives import parse_part
from riddle_pl.config.app import run_app
from riddle_pl.errors import ConfigError
from riddle_pl.launch import rank

if TYPE_CHECKING:
    from riddle_pl.evaluation.build import Parts


def main() -> None:
    """Entry point. Exit status 2 after a mistake of the user's, 130 after Ctrl-C."""
    run_app("eval", run_evaluation, check)


def check(cfg: DictConfig) -> "Parts":
    """Of a config that could be composed; only now is PyTorch imported, which takes seconds."""
    if cfg.part is not None:
        parse_part(cfg.part)
        if "${now:" in str(OmegaConf.to_container(cfg)):
            raise ConfigError(f"part={cfg.part}: all parts and the report need one folder; give out=FOLDER")

    from riddle_pl.evaluation.preflight import check_job

    return check_job(cfg)


def run_evaluation(cfg: DictConfig, parts: "Parts") -> None:
    """Runs one evaluation; the report goes to Hydra's output folder."""
    from riddle_pl.evaluation.preflight import attack_tables
    from riddle_pl.evaluation.report.loggers import log_evaluation
    from riddle_pl.evaluation.report.outputs import write_evaluation
    from riddle_pl.evaluation.report.screen import screen
    from riddle_pl.evaluation.report.tables import all_tables
    from riddle_pl.evaluation.run import evaluate, judge_part

    out = Path(HydraConfig.get().runtime.output_dir)
    shared = judge_part(cfg, parts)
    if shared and (cfg.part is not None or rank() > 0):
        return  # another run, or the first process, writes the report
    evaluation = evaluate(cfg, parts, command=shlex.join(["riddle-eval", *sys.argv[1:]]), waits=shared)
    tables = [*all_tables([evaluation.report]), *attack_tables(cfg)]
    figures = write_evaluation(evaluation, tables, out)
    log_evaluation(cfg, evaluation.report, tables, figures, out)
    if not cfg.quiet:
        print(screen(evaluation.report, out))


if __name__ == "__main__":
    main()
