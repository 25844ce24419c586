"""Changes the safety code one thing at a time and runs its tests: what no test notices is listed.

    python scripts/mutants                      all files of targets.toml that are not done yet
    python scripts/mutants photos/gate          files whose path has that part
    python scripts/mutants --jobs 2 photos      two files at a time
    python scripts/mutants --survivors          what survived so far, again
    python scripts/mutants --table              the figures so far, as Markdown; runs nothing

cosmic-ray makes the mutants and keeps them (``.mutants/<file>.sqlite``, for its reports, too). A run that is stopped
goes on where it was; a file or test that has changed starts anew with ``--fresh``. Survivors that are in
``accepted.toml`` are explained there; others make the exit status 1.
"""

import argparse
import contextlib
import importlib
import os
import shutil
import signal
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult
from plan import Mutant, describe, mutants_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = ROOT / ".mutants"
COPIED = ("src", "conf", "tests", "docs", "scripts", "pyproject.toml", "README.md", "CHANGELOG.md", "Makefile")
TARGETS: list[dict[str, Any]] = tomllib.loads((HERE / "targets.toml").read_text(encoding="utf-8"))["target"]
ACCEPTED: list[dict[str, Any]] = tomllib.loads((HERE / "accepted.toml").read_text(encoding="utf-8")).get("survivor", [])


def session_of(file: str, root: Path = ROOT) -> WorkDB:
    """cosmic-ray's session of one file, made of the file as it is below ``root`` if it is not there."""
    path = PLACE / (file.replace("/", ".").removesuffix(".py") + ".sqlite")
    db = WorkDB(path, WorkDB.Mode.create)
    if not db.num_work_items:
        db.add_work_items(mutants_of(root / "src/riddle_pl" / file))
    return db


def copy_of_the_repository(job: int) -> Path:
    """Where mutants are written: never into the working tree, and for each job elsewhere."""
    work = PLACE / f"job{job}" / "work"
    shutil.rmtree(work, ignore_errors=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "conf" if name == "src" else "")
            shutil.copytree(source, work / name, ignore=ignored)
        elif source.is_file():
            work.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, work / name)
    (work / "src/riddle_pl/conf").symlink_to(work / "conf")
    os.environ.setdefault("RIDDLE_SHARED", str(ROOT.parent / "shared"))
    return work


def work_through(targets: list[dict[str, Any]], jobs: int, again: bool) -> None:
    """Runs what is left of some files, in so many processes, each of which takes every ``jobs``-th file."""
    works = [copy_of_the_repository(job) for job in range(jobs)]
    children = [fork(lambda j=j: work_in(works[j], targets[j::jobs], again)) for j in range(jobs)]
    try:
        ended_well = [wait_for(child) for child in children]
    except BaseException:  # Ctrl-C, or stopped
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
        raise
    if not all(ended_well):
        sys.exit("mutants: not all files were finished")


def fork(work: Callable[[], None]) -> int:
    """The child that does some work and ends."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child


def wait_for(child: int) -> bool:
    """Whether it ended well; it is ended, too, when this process is."""
    try:
        return os.waitpid(child, 0)[1] == 0
    except BaseException:
        os.kill(child, signal.SIGTERM)
        raise


def work_in(work: Path, targets: list[dict[str, Any]], again: bool) -> None:
    """Runs some files, each in a fork of a process in which torch and their tests are loaded already."""
    os.chdir(work)
    sys.path[:0] = [str(work), str(work / "src")]
    import torch

    torch.set_num_threads(1)
    targets = [target for target in targets if left_of(session_of(target["file"], work), again)]
    if not targets:
        return
    for name in ["conftest.py", *(name for target in targets for name in target["tests"])]:
        importlib.import_module("tests." + name.removesuffix(".py").replace("/", "."))
    from worker import trace

    files = [f"src/riddle_pl/{target['file']}" for target in TARGETS]
    traced = trace(work, files, sorted({f"tests/{name}" for target in targets for name in target["tests"]}))
    ended_well = [wait_for(fork(lambda t=target: work_on(t, work, traced, again))) for target in targets]
    if not all(ended_well):
        sys.exit(f"mutants: not all of {', '.join(target['file'] for target in targets)} were finished")


def work_on(target: dict[str, Any], work: Path, traced: Any, again: bool) -> None:
    """Runs what is left of one file."""
    from worker import Worker

    file = target["file"]
    db = session_of(file, work)
    left = left_of(db, again)
    worker = Worker(work, f"src/riddle_pl/{file}", [f"tests/{name}" for name in target["tests"]], traced)
    worker.work(lambda: run_all(worker, file, db, left))


def left_of(db: WorkDB, again: bool) -> list[WorkItem]:
    """What is to be run: mutants that were not, or those that survived ``again``."""
    survived = {job for job, result in db.results if result.test_outcome == TestOutcome.SURVIVED}
    return [item for item in db.work_items if item.job_id in survived] if again else list(db.pending_work_items)


def run_all(worker: Any, file: str, db: WorkDB, left: list[WorkItem]) -> None:
    """Writes what becomes of each mutant into the session."""
    for number, item in enumerate(left, start=1):
        mutant, changed = describe(worker.original, item.mutations[0])
        verdict, seconds = worker.run(changed, mutant.line)
        lives = verdict in ("survived", "uncovered")
        outcome = TestOutcome.SURVIVED if lives else TestOutcome.KILLED
        difference = f"{mutant.line}\n{mutant.before}\n{mutant.after}"
        db.set_result(item.job_id, WorkResult(WorkerOutcome.NORMAL, verdict, outcome, difference))
        print(f"{file} {number}/{len(left)} {verdict} {seconds:.1f} s", flush=True)
        if lives:
            print(f"  {mutant.operator} line {mutant.line}\n  - {mutant.before}\n  + {mutant.after}", flush=True)


def survivors_of(file: str, db: WorkDB) -> list[tuple[Mutant, str | None]]:
    """With the reason of those that are accepted."""
    reasons = {(e["file"], e["before"], e["after"]): e["why"] for e in ACCEPTED}
    items = {item.job_id: item for item in db.work_items}
    found = []
    for job, result in db.results:
        if result.test_outcome == TestOutcome.SURVIVED:
            line, before, after = (result.diff or "0\n\n").split("\n", 2)
            why = reasons.get((file, before, after))
            found.append((Mutant(items[job].mutations[0].operator_name, int(line), before, after), why))
    return sorted(found, key=lambda pair: pair[0].line)


def report(targets: list[dict[str, Any]]) -> int:
    """Prints the table and the survivors without a reason; their number."""
    print("| file | mutants | run | killed | survived, explained | survived, open |")
    print("|---|---:|---:|---:|---:|---:|")
    total, unexplained = Counter[str](), []
    for target in targets:
        path = PLACE / (target["file"].replace("/", ".").removesuffix(".py") + ".sqlite")
        if not path.is_file():
            continue
        db = session_of(target["file"])
        alive = survivors_of(target["file"], db)
        open_ones = [mutant for mutant, why in alive if why is None]
        numbers = {
            "mutants": db.num_work_items,
            "run": db.num_results,
            "killed": db.num_results - len(alive),
            "explained": len(alive) - len(open_ones),
            "open": len(open_ones),
        }
        total.update(numbers)
        unexplained += [(target["file"], mutant) for mutant in open_ones]
        print(f"| `{target['file']}` | {' | '.join(map(str, numbers.values()))} |")
    print(f"| all | {' | '.join(str(total[key]) for key in ('mutants', 'run', 'killed', 'explained', 'open'))} |")
    for file, mutant in unexplained:
        print(f"\n{file}:{mutant.line} {mutant.operator}\n- {mutant.before}\n+ {mutant.after}")
    return len(unexplained)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="of the paths of the files to change; all by default")
    parser.add_argument("--survivors", action="store_true", help="run what survived again")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs of these files")
    parser.add_argument("--jobs", type=int, default=1, help="files that are worked on at a time")
    parser.add_argument("--table", action="store_true", help="print the figures so far")
    args = parser.parse_args()
    targets = [t for t in TARGETS if not args.parts or any(part in t["file"] for part in args.parts)]
    if not targets:
        parser.error(f"no file of targets.toml has any of {', '.join(args.parts)} in its path")
    PLACE.mkdir(exist_ok=True)
    os.environ["OMP_NUM_THREADS"] = "1"  # a fork has one thread
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("mutants: stopped"))  # and so takes the test run with it
    if not args.table:
        for target in targets if args.fresh else ():
            (PLACE / (target["file"].replace("/", ".").removesuffix(".py") + ".sqlite")).unlink(missing_ok=True)
        work_through(targets, max(1, args.jobs), args.survivors)
    sys.exit(1 if report(targets) else 0)


if __name__ == "__main__":
    main()
