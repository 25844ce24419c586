"""One audit, from the checked config to the report."""

import time
from collections.abc import Sequence

import riddle_pl
from riddle_pl.config.portable import portable_command
from riddle_pl.device import hardware_name
from riddle_pl.evaluation.audits.audit import Audit, Bench
from riddle_pl.evaluation.audits.report import AuditReport

LOCAL = ("out", "export", "cache_dir", "quiet", "device")
"""Keys that change no figure."""


def run_audit(bench: Bench, audit: Audit, arguments: Sequence[str] = ()) -> AuditReport:
    """Measures one network of a pack.

    Args:
        bench: what it works with; of :func:`riddle_pl.evaluation.audits.preflight.check_job`, as the audit.
        audit: what is measured.
        arguments: of the command line, for the report.

    Raises:
        RiddleError: what was there when the config was checked is gone.
    """
    started = time.perf_counter(), time.process_time()
    try:
        findings = audit.run(bench)
    finally:
        for judge in (*bench.recognisers, *bench.detectors):
            judge.close()
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    title = f"{audit.role} of pack {bench.pack.name}, {bench.pack.size} px"
    return AuditReport(audit.role, audit.heading, title, _about(bench, audit, arguments, wall, cpu), findings)


def _about(bench: Bench, audit: Audit, arguments: Sequence[str], wall: float, cpu: float) -> dict[str, str]:
    pack = bench.pack
    where = hardware_name(bench.device)
    about = {
        "command": f"`{portable_command('riddle-audit', arguments, LOCAL)}`",
        "riddle-pl": riddle_pl.__version__,
        "network": f"{audit.role} ({pack.entry(audit.role).arch}), sha256 {pack.expected_sha256(audit.role)}",
        "seed": str(bench.seed),
        "intervals": f"95 %, percentile bootstrap, {bench.resamples} resamples",
        "time": f"{wall:.0f} s on {where} ({cpu:.0f} s of CPU in this process)",
    }
    for recogniser in bench.recognisers:
        if recogniser.note:
            about[f"recogniser {recogniser.name}"] = recogniser.note
    for detector in bench.detectors:
        about[f"detector {detector.name}"] = detector.settings
    return about
