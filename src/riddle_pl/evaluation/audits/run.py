"""One audit, from the checked config to the report."""

import time
from collections.abc import Sequence
from dataclasses import replace

import riddle_pl
from riddle_pl.config.portable import portable_command
from riddle_pl.device import hardware_name
from riddle_pl.evaluation.audits.audit import Audit, AuditContext, Picture
from riddle_pl.evaluation.report.report import MethodEntry, Report
from riddle_pl.judging.cache import cached_judges

LOCAL = ("out", "export", "cache_dir", "quiet", "device")
"""Keys that do not affect figures."""


def run_audit(context: AuditContext, audit: Audit, arguments: Sequence[str] = ()) -> tuple[Report, list[Picture]]:
    """Measures one network of a pack; gives the numbers, and pictures.

    Args:
        context: of :func:`riddle_pl.evaluation.audits.preflight.check_job`, as the audit.
        audit: to run.
        arguments: of the command line, for the report.

    Raises:
        RiddleError: a checked file is missing or damaged.
    """
    recognisers, detectors = cached_judges(context.recognisers, context.detectors, context.cache_dir)
    context = replace(context, recognisers=recognisers, detectors=detectors)
    started = time.perf_counter(), time.process_time()
    try:
        findings = audit.run(context)
    finally:
        for judge in (*context.recognisers, *context.detectors):
            judge.close()
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    pack = context.pack
    title = f"{audit.role} of pack {pack.name}, {pack.size} px"
    report = Report(
        about={**_about(context, audit, arguments, wall, cpu), **findings.about},
        method=MethodEntry(title, pack.size, pack.expected_sha256(audit.role)),
        measurements=findings.figures,
        notes=findings.notes,
        details={"curves": findings.curves, "pictures": {one.name: one.caption for one in findings.pictures}},
    )
    return report, findings.pictures


def _about(context: AuditContext, audit: Audit, arguments: Sequence[str], wall: float, cpu: float) -> dict[str, str]:
    pack = context.pack
    where = hardware_name(context.device)
    about = {
        "command": f"`{portable_command('riddle-audit', arguments, LOCAL)}`",
        "riddle-pl": riddle_pl.__version__,
        "network": f"{audit.role} ({pack.entry(audit.role).arch}), sha256 {pack.expected_sha256(audit.role)}",
        "seed": str(context.seed),
        "intervals": f"95 %, percentile bootstrap, {context.resamples} resamples",
        "time": f"{wall:.0f} s on {where} ({cpu:.0f} s of CPU in this process)",
    }
    for recogniser in context.recognisers:
        if recogniser.note:
            about[f"recogniser {recogniser.name}"] = recogniser.note
    for detector in context.detectors:
        about[f"detector {detector.name}"] = detector.settings
    return about
