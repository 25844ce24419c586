"""Checks of an audit before anything is written."""

from pathlib import Path

from omegaconf import DictConfig

from riddle_pl.config import check_config
from riddle_pl.evaluation.audits.audit import Audit, AuditContext
from riddle_pl.evaluation.audits.build import build_audit
from riddle_pl.evaluation.audits.card import check_export


def check_job(cfg: DictConfig) -> tuple[AuditContext, Audit]:
    """Checks the config of one audit, and that everything that it names is there; gives its parts.

    Raises:
        RiddleError: one line about the first thing that is wrong.
    """
    check_config(cfg)
    context, audit = build_audit(cfg)
    context.pack.check(audit.role)
    if cfg.export is not None:
        check_export(Path(cfg.export), context.pack, audit.role)
    for judge in (*context.recognisers, *context.detectors):
        judge.check()
    audit.check(context)
    return context, audit
