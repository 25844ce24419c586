"""Runs the unfinished jobs of an ablation, and writes its tables."""

import shlex
import sys
import time
from pathlib import Path

from omegaconf import DictConfig

from riddle_pl.evaluation.ablation.jobs import Job, plan, remember
from riddle_pl.evaluation.build import build_parts
from riddle_pl.evaluation.report.outputs import write_evaluation, write_tables
from riddle_pl.evaluation.report.report import Report, read_report
from riddle_pl.evaluation.report.tables import Table, ablation_table, all_tables, ordering_table
from riddle_pl.evaluation.run import evaluate
from riddle_pl.files import require_writable_dir
from riddle_pl.training.run import train


def run_ablation(cfg: DictConfig, progress: bool = False) -> tuple[list[Table], list[Path]]:
    """Trains every experiment in its stages with every seed, and evaluates it; existing results are reused.

    Args:
        cfg: checked by :func:`riddle_pl.evaluation.ablation.jobs.check`.
        progress: show the progress of each training.

    Returns:
        The tables, and the files that hold them.

    Raises:
        Interrupted: Ctrl-C; the next call resumes.
        RiddleError: an error for the user to fix.
    """
    out = require_writable_dir(Path(cfg.out).expanduser(), "out", create=True)
    remember(cfg)
    reports: dict[str, list[Report]] = {}
    for job in plan(cfg):
        reports.setdefault(job.experiment, []).append(_report(job, progress, cfg.quiet))
    tables = [ablation_table(reports), ordering_table(reports)]
    return tables, write_tables(tables, out / "tables")


def _report(job: Job, progress: bool, quiet: bool) -> Report:
    if not job.report.is_file():
        for training in job.trainings:
            if not training.is_done():
                start = time.monotonic()
                train(training.config(), training.folder, progress)
                took = f"trained in {time.monotonic() - start:.0f} s"
                _say(quiet, f"{job.experiment}, seed {job.seed}, stage {training.stage}: {took}")
        start = time.monotonic()
        _evaluate(job)
        _say(quiet, f"{job.experiment}, seed {job.seed}: evaluated in {time.monotonic() - start:.0f} s")
    return read_report(job.report)


def _evaluate(job: Job) -> None:
    cfg = job.evaluation_config()
    folder = require_writable_dir(job.report.parent, "folder of the evaluation", create=True)
    evaluation = evaluate(cfg, build_parts(cfg), command=shlex.join(["riddle-eval", *job.evaluation, *job.method]))
    write_evaluation(evaluation, all_tables([evaluation.report]), folder)


def _say(quiet: bool, line: str) -> None:
    if not quiet:
        print(line, file=sys.stderr, flush=True)
