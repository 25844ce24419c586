"""Checks of an audit before anything is written."""

from pathlib import Path

from omegaconf import DictConfig

from riddle_pl.config import check_config
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.audits.archives import require_root
from riddle_pl.evaluation.audits.audit import Audit, AuditContext
from riddle_pl.evaluation.audits.build import build_audit
from riddle_pl.evaluation.audits.card import check_export
from riddle_pl.files import require_place_for_dir


def check_job(cfg: DictConfig) -> tuple[AuditContext, Audit]:
    """Checks the config of one audit, and that everything that it names is there; gives its parts.

    Raises:
        RiddleError: one line about the first thing that is wrong.
    """
    require_root(cfg)
    check_config(cfg)
    for name in ("batch_size", "resamples"):
        if cfg[name] < 1:
            raise ConfigError(f"{name}={cfg[name]}; give at least 1")
    out = Path(cfg.out)
    require_place_for_dir(out, "folder of out")
    context, audit = build_audit(cfg)
    context.pack.check(audit.role)
    if cfg.export is not None:
        check_export(Path(cfg.export), context.pack, audit.role)
    for judge in (*context.recognisers, *context.detectors):
        judge.check()
    audit.check(context)
    return context, audit
