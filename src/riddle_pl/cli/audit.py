"""``riddle-audit``: measures one network of a pack (a Hydra application)."""

from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from riddle_pl.config.app import run_app

if TYPE_CHECKING:
    from riddle_pl.evaluation.audits.audit import Audit, AuditContext


def main() -> None:
    """Entry point. Exit status 2 after a mistake of the user's, 130 after Ctrl-C."""
    run_app("audit", audit, check)


def check(cfg: DictConfig) -> "tuple[AuditContext, Audit]":
    """Of a config that could be composed; only now is PyTorch imported, which takes seconds."""
    from riddle_pl.evaluation.audits.preflight import check_job

    return check_job(cfg)


def audit(cfg: DictConfig, parts: "tuple[AuditContext, Audit]") -> None:
    """Runs one audit; the report goes to Hydra's output folder, and with ``export`` into a model card too."""
    from riddle_pl.evaluation.audits.card import write_section
    from riddle_pl.evaluation.audits.report import page, write_audit
    from riddle_pl.evaluation.audits.run import run_audit
    from riddle_pl.evaluation.report.screen import shortened

    hydra = HydraConfig.get()
    report, pictures = run_audit(*parts, hydra.overrides.task)
    out = Path(hydra.runtime.output_dir)
    written = write_audit(report, pictures, out)
    if cfg.export is not None:
        written += write_section(Path(cfg.export), parts[1], report, pictures)
    if not cfg.quiet:
        print(shortened(page(report), out / "audit.md"))
        print("Written:", *(f"  {path}" for path in written), sep="\n")


if __name__ == "__main__":
    main()
