"""Sends an evaluation to the loggers of its config: numbers to all, tables and figures to Weights & Biases."""

import re
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger, WandbLogger

from riddle_pl.config import instantiate
from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.tables import Table
from riddle_pl.evaluation.report.tables.formats import records
from riddle_pl.evaluation.scores import Row
from riddle_pl.training.loggers import closing_wandb


def log_evaluation(
    cfg: DictConfig, report: Report, tables: Sequence[Table], figures: Sequence[Path], out: Path
) -> None:
    """Logs to every logger of ``cfg.logger``, and ends the wandb run that this began.

    Args:
        cfg: of the evaluation; its passwords are drawn at random and are no part of it.
        report: the numbers.
        tables: made of them.
        figures: image files.
        out: folder of the loggers' files.
    """
    with closing_wandb():
        for name, node in cfg.logger.items():
            if node is not None:
                logger: Logger = instantiate(node, f"logger.{name}", save_dir=str(out))
                logger.log_hyperparams({"method": report.method.label, **report.config})
                logger.log_metrics({metric_name(row): row.estimate.mean for row in report.rows if row.estimate.faces})
                if isinstance(logger, WandbLogger):
                    _log_pictures(logger, tables, figures)
                logger.save()
                logger.finalize("success")


def metric_name(row: Row) -> str:
    """A path of the row's names: ``dlib/recovery/recovered-photo/rate``."""
    images = f"{row.image}-{row.reference}" if row.reference else row.image
    parts = [part for part in (row.judge, row.title, images, row.statistic) if part]
    return "/".join(re.sub(r"[^\w.-]+", "_", part).strip("_") for part in parts)


def _log_pictures(logger: WandbLogger, tables: Sequence[Table], figures: Sequence[Path]) -> None:
    for table in tables:
        lines = records(table)
        columns = list(dict.fromkeys(key for line in lines for key in line))
        logger.log_table(f"tables/{table.name}", columns, [[line.get(column) for column in columns] for line in lines])
    for figure in figures:
        logger.log_image(f"figures/{figure.stem}", [str(figure)])
