"""``riddle-attack``: what records give away without the password (a Hydra application)."""

from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from riddle_pl.config.app import run_app
from riddle_pl.errors import ConfigError

if TYPE_CHECKING:
    from riddle_pl.evaluation.attacks.build import Suite

PARTS = ("train", "held_out")
"""Of the archives of faces: what recipes trained on, and what none has seen."""


def main() -> None:
    """Entry point. Exit status 2 after a mistake of the user's, 130 after Ctrl-C."""
    run_app("attack", attack, check)


def check(cfg: DictConfig) -> "Suite":
    """Of a config that could be composed; only now is PyTorch imported, which takes seconds."""
    if cfg.part not in PARTS:
        raise ConfigError(f"part={cfg.part}; choose from {', '.join(PARTS)}")

    from riddle_pl.evaluation.attacks.build import check_job

    return check_job(cfg)


def attack(cfg: DictConfig, suite: "Suite") -> None:
    """Runs what is left, then prints the table."""
    from riddle_pl.evaluation.attacks.run import run_attacks
    from riddle_pl.evaluation.report.screen import shortened
    from riddle_pl.evaluation.report.tables import FORMATS

    table, written = run_attacks(cfg, suite, HydraConfig.get().overrides.task)
    if not cfg.quiet:
        print(shortened(FORMATS["md"](table), next(path for path in written if path.suffix == ".md")))
        print("Written:", *(f"  {path}" for path in written), sep="\n")


if __name__ == "__main__":
    main()
