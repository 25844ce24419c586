"""From the config of ``riddle-audit`` to its parts."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from riddle_pl.config import instantiate
from riddle_pl.device import resolve_device
from riddle_pl.evaluation.audits.audit import Audit, AuditContext
from riddle_pl.packs.store import home


def build_audit(cfg: DictConfig) -> tuple[AuditContext, Audit]:
    """Builds every node of a checked config; nothing is read or loaded.

    Raises:
        ConfigError: a node does not fit its target.
    """
    context = AuditContext(
        pack=instantiate(cfg.pack, "pack"),
        recognisers=_each(cfg, "evaluators"),
        detectors=_each(cfg, "detectors"),
        seed=cfg.seed,
        resamples=cfg.resamples,
        batch_size=cfg.batch_size,
        device=resolve_device(cfg.device),
        cache_dir=Path(cfg.cache_dir).expanduser() if cfg.cache_dir else home() / "evaluation",
        quiet=cfg.quiet,
    )
    return context, instantiate(cfg.audit, "audit")


def _each(cfg: DictConfig, group: str) -> list[Any]:
    """The named nodes of a group; a null entry switches one off."""
    return [instantiate(node, f"{group}.{name}") for name, node in cfg[group].items() if node is not None]
