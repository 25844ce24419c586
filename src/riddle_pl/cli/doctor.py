"""``riddle doctor``: checks the installation and says how to repair it.

Imports nothing heavy at the top: it must run where torch or another package is broken.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import TYPE_CHECKING, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from riddle_pl.errors import RiddleError, one_line

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from riddle_pl.packs import Pack

app = typer.Typer(add_completion=False)

Status = Literal["ok", "note", "broken"]
MALICIOUS = {"pytorch-lightning": ("2.6.2", "2.6.3")}
EXTRAS = {
    "dlib": "the gate's and evaluation's recogniser of another family",
    "heif": "HEIC photos, as phones take them",
    "onnx": "riddle export",
    "openvino": "riddle encrypt --set draw=openvino",
    "spark": "riddle invert --spark",
    "slurm": "sweeps on a Slurm cluster",
    "sweep": "searches for settings, and several runs at once",
    "dev": "tests, checks and notebooks",
    "docs": "make docs",
    "mutants": "make mutants",
}
"""What the package's extras are for."""
COLOURS: dict[Status, str] = {"ok": "green", "note": "yellow", "broken": "red"}
MISMATCH = (
    "torchvision was built for another torch (often a CPU-only torch beside the registry's torchvision, which then "
    "fails with «operator torchvision::nms does not exist»); reinstall both together from one index: "
    "pip install --force-reinstall torch torchvision"
)


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    what: str
    status: Status
    detail: str


def check_python() -> Iterator[Finding]:
    """Which Python this is (an older one than 3.11 cannot install the package)."""
    yield Finding("python", "ok", f"{'.'.join(map(str, sys.version_info[:3]))} in {sys.prefix}")


def check_requirements() -> Iterator[Finding]:
    """Every required package is installed in a version that the package allows."""
    try:
        from packaging.requirements import Requirement

        wanted = [Requirement(line) for line in requires("riddle-pl") or []]
    except (ImportError, PackageNotFoundError) as error:
        yield Finding("packages", "broken", f"riddle-pl is not installed ({one_line(error)}); pip install riddle-pl")
        return
    wrong = []
    needed = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    for requirement in needed:
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing (needs {requirement.specifier or 'any version'})")
            continue
        if found in MALICIOUS.get(requirement.name, ()):
            wrong.append(f"{requirement.name} {found} is a malicious release: uninstall it and change your secrets")
        elif not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} is {found} (needs {requirement.specifier})")
    if wrong:
        yield Finding("packages", "broken", f"{'; '.join(wrong)}; pip install --upgrade riddle-pl")
    else:
        yield Finding("packages", "ok", f"{len(needed)} required packages in allowed versions")


def check_torch() -> Iterator[Finding]:
    """torch and torchvision import and belong together."""
    try:
        torch = import_module("torch")
    except Exception as error:  # a broken binary raises anything
        yield Finding("torch", "broken", f"cannot be imported ({one_line(error)}); pip install --force-reinstall torch")
        return
    yield Finding("torch", "ok", str(torch.__version__))
    try:
        vision = import_module("torchvision")
        import_module("torchvision.ops")
        boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
        vision.ops.nms(boxes, torch.ones(1), 0.5)
    except Exception as error:  # as above
        reason = one_line(error)
        mismatch = "torchvision::" in reason or "circular import" in reason or "undefined symbol" in reason
        remedy = MISMATCH if mismatch else "pip install --force-reinstall torch torchvision"
        yield Finding("torchvision", "broken", f"{reason}: {remedy}")
    else:
        yield Finding("torchvision", "ok", str(vision.__version__))


def check_cuda() -> Iterator[Finding]:
    """Which GPUs can be used; none is no fault."""
    torch = import_module("torch")
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        yield Finding("GPU", "ok", f"{', '.join(names)} (CUDA {torch.version.cuda})")
    elif torch.version.cuda:
        yield Finding("GPU", "note", "none found; everything runs on the CPU, training slowly")
    else:
        yield Finding("GPU", "note", "this torch was built without CUDA; everything runs on the CPU")


def check_argon2() -> Iterator[Finding]:
    """The key derivation works: it needs a cryptography built on OpenSSL 3.2 or newer."""
    argon2 = import_module("cryptography.hazmat.primitives.kdf.argon2")
    argon2.Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=64).derive(b"test")
    yield Finding("Argon2id", "ok", "passwords can be turned into keys")


def check_packs() -> Iterator[Finding]:
    """The packs that ship with the package are whole; how much of the public networks is there."""
    packs = import_module("riddle_pl.packs")
    for name in packs.pack_names():
        try:
            yield _pack_finding(packs.load_pack(name))
        except RiddleError as error:
            yield Finding(f"pack {name}", "broken", one_line(error))


def _pack_finding(pack: "Pack") -> Finding:
    from riddle_pl.cli.options import plural

    present = [role for role in pack.roles if pack.has(role)]
    for role in pack.roles:
        if role in present or not pack.importable(role):
            pack.verify(role)
    if len(present) == len(pack.roles):
        return Finding(f"pack {pack.name}", "ok", f"{plural(len(present), 'network')}, {pack.size} px, verified")
    fetched = all(pack.entry(role).url is not None for role in pack.roles if role not in present)
    how = f"{'run riddle weights fetch' if fetched else 'see riddle weights list'} --pack {pack.name}"
    return Finding(
        f"pack {pack.name}", "note", f"{len(present)} of {plural(len(pack.roles), 'network')} present; {how}"
    )


def check_cache() -> Iterator[Finding]:
    """Imported weights can be written (nothing is created here)."""
    folder = import_module("riddle_pl.packs.store").home()
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        yield Finding("weights folder", "ok", str(folder))
    else:
        yield Finding("weights folder", "broken", f"{folder} cannot be written to; set RIDDLE_HOME to another folder")


def check_extras() -> Iterator[Finding]:
    """Optional parts, as the package itself names them."""
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in requires("riddle-pl") or []]
    for extra in metadata("riddle-pl").get_all("Provides-Extra") or []:
        parts = [r for r in wanted if r.marker and r.marker.evaluate({"extra": extra}) and not _always(r)]
        missing = [part.name for part in parts if not _installed(part)]
        use = EXTRAS.get(extra, ", ".join(sorted(part.name for part in parts)))
        if missing:
            yield Finding(f"extra {extra}", "note", f"absent; for {use}: pip install 'riddle-pl[{extra}]'")
        else:
            yield Finding(f"extra {extra}", "ok", use)


def _always(requirement: "Requirement") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _installed(requirement: "Requirement") -> bool:
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_python,
    check_requirements,
    check_torch,
    check_cuda,
    check_argon2,
    check_packs,
    check_cache,
    check_extras,
)


def findings() -> list[Finding]:
    """Runs every check; one that raises is itself a finding."""
    report: list[Finding] = []
    for check in CHECKS:
        try:
            report.extend(check())
        except Exception as error:  # a doctor must not die of the illness
            what = check.__name__.removeprefix("check_")
            report.append(Finding(what, "broken", f"{type(error).__name__}: {one_line(error)}"))
    return report


@app.command()
def doctor() -> None:
    """Check Python, PyTorch, GPU, packages, model packs and folders; exit status 2 if something needed is broken.

    Example: riddle doctor
    """
    report = findings()
    table = Table("check", "state", "detail")
    for finding in report:
        colour = COLOURS[finding.status]
        table.add_row(finding.what, f"[{colour}]{finding.status}[/{colour}]", escape(finding.detail))
    (Console() if sys.stdout.isatty() else Console(width=160)).print(table)
    broken = [finding.what for finding in report if finding.status == "broken"]
    if broken:
        raise RiddleError(f"broken: {', '.join(broken)}; the table above says what to do")
