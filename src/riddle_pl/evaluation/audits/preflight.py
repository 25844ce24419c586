"""From the config of ``riddle-audit`` to its parts, and the checks before anything is written."""

from pathlib import Path

from omegaconf import DictConfig

from riddle_pl.config import check_config, instantiate, instantiate_group
from riddle_pl.device import resolve_device
from riddle_pl.evaluation.audits.audit import Audit, AuditContext
from riddle_pl.evaluation.audits.card import check_export
from riddle_pl.packs.store import home


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


def build_audit(cfg: DictConfig) -> tuple[AuditContext, Audit]:
    """Builds every node of a checked config; nothing is read or loaded.

    Raises:
        ConfigError: a node does not fit its target.
    """
    context = AuditContext(
        pack=instantiate(cfg.pack, "pack"),
        recognisers=[*instantiate_group(cfg, "evaluators").values()],
        detectors=[*instantiate_group(cfg, "detectors").values()],
        seed=cfg.seed,
        resamples=cfg.resamples,
        batch_size=cfg.batch_size,
        device=resolve_device(cfg.device),
        cache_dir=Path(cfg.cache_dir).expanduser() if cfg.cache_dir else home() / "evaluation",
        quiet=cfg.quiet,
    )
    return context, instantiate(cfg.audit, "audit")
