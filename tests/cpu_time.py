"""Lists, after a run, the tests that took more than ten seconds of CPU and do not bear the mark ``slow``.

CPU seconds of the test's own process and of the processes that it waited for, since a clock on the wall says more
about what else the machine was doing. The fixtures are left out: one that a whole session shares would be charged to
the test that happened to come first. A list and no failure, because no two machines are equally fast.
"""

import os
from collections.abc import Generator, Iterable
from typing import Any

import pytest

LIMIT_S = 10
SPENT = "cpu_s"


def cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    start = cpu_s()
    try:
        return (yield)
    finally:
        item.user_properties.append((SPENT, cpu_s() - start))  # the one thing that xdist's workers hand on


def unmarked(reports: Iterable[pytest.TestReport]) -> list[tuple[float, str]]:
    """CPU seconds and name of the tests over the limit that do not bear the mark, the longest first."""
    spent = [(dict(r.user_properties).get(SPENT, 0.0), r) for r in reports if r.when == "call"]
    return sorted(((s, r.nodeid) for s, r in spent if s > LIMIT_S and "slow" not in r.keywords), reverse=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = unmarked(report for name in ("passed", "failed") for report in terminalreporter.getreports(name))
    if found:
        terminalreporter.section(f"more than {LIMIT_S} s of CPU: mark them slow, or make them shorter", yellow=True)
        for seconds, name in found:
            terminalreporter.line(f"{seconds:6.1f} s  {name}")
