"""If this fails, the wheel lacks a package, a config or a weight, or an import is not a declared dependency."""

import ast
import importlib.metadata
import importlib.resources
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import riddle_pl

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Import names that are not the distribution's name.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "skimage": "scikit-image",
    "hydra": "hydra-core",
    "yaml": "omegaconf",  # PyYAML is omegaconf's own requirement
    "_dlib_pybind11": "dlib-bin",
    "dlib": "dlib-bin",
}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared(requirements: list[str]) -> set[str]:
    return {_normal(re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0]) for line in requirements}


def _imports(path: Path) -> set[str]:
    """The top-level names that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def test_every_package_of_src_is_listed():
    found = {".".join(p.parent.relative_to(SRC).parts) for p in SRC.rglob("__init__.py")}
    assert found | {"riddle_pl.conf"} == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_folder_with_python_files_is_a_package():
    folders = {p.parent for p in SRC.rglob("*.py")}
    assert [f for f in folders if not (f / "__init__.py").is_file()] == []


def test_every_data_file_of_the_packages_is_in_the_wheel():
    """Each file beside the Python ones matches a package-data pattern, or it is not shipped."""
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    roots = {name: SRC / name.replace(".", "/") for name in patterns} | {"riddle_pl.conf": ROOT / "conf"}
    shipped = {file for name, root in roots.items() for pattern in patterns[name] for file in root.glob(pattern)}
    data = {
        file
        for root in (SRC / "riddle_pl", ROOT / "conf")
        for file in root.rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc")
    }
    assert sorted(data - shipped) == []
    assert SRC / "riddle_pl/py.typed" in shipped


def test_configs_are_found_as_a_package():
    configs = importlib.resources.files("riddle_pl.conf")
    assert {entry.name for entry in configs.iterdir()} >= {p.name for p in (ROOT / "conf").glob("*.yaml")}


def test_every_config_is_valid_yaml():
    for path in (ROOT / "conf").rglob("*.yaml"):
        yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_import_of_src_is_a_declared_dependency():
    project = PROJECT["project"]
    extras = ("dlib", "onnx", "spark")
    declared = set().union(
        *map(_declared, (project["dependencies"], *map(project["optional-dependencies"].get, extras)))
    )
    own = {"riddle_pl"} | set(sys.stdlib_module_names)
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in SRC.rglob("*.py")
        for name in _imports(path) - own
        if _normal(DISTRIBUTIONS.get(name, name)) not in declared
    }
    assert sorted(undeclared) == []


NOT_IMPORTED = {
    "lpips": "its file of channel weights is read (networks/lpips_features.py)",
    "tensorboard": "Lightning's TensorBoardLogger writes with it (logger=tensorboard)",
}
"""Dependencies that no file of the package imports, and why they are ones."""


def test_every_dependency_is_imported():
    project = PROJECT["project"]
    used = {_normal(DISTRIBUTIONS.get(name, name)) for path in SRC.rglob("*.py") for name in _imports(path)}
    assert sorted(_declared(project["dependencies"]) - used - set(NOT_IMPORTED)) == []
    assert sorted(set(NOT_IMPORTED) & used) == []


MAX_LINES = 400
MAX_PARAMETERS = 12
MANY_PARAMETERS = {
    "CodeEncoderRecipe": 19,
    "CodeModelRecipe": 13,
    "EncoderRecipe": 18,
    "InvertedDataModule": 19,
    "MobileHeadRecipe": 14,
    "RecogniserRecipe": 15,
    "RiddleModule": 13,
}
"""Constructors whose parameters are the keys of one config group; none may become longer."""


def test_no_file_of_the_package_is_long():
    assert [str(path) for path in SRC.rglob("*.py") if len(path.read_text("utf-8").splitlines()) > MAX_LINES] == []


def test_no_constructor_has_many_parameters():
    found = {}
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                        arguments = method.args
                        count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs) - 1
                        if count > MAX_PARAMETERS:
                            found[node.name] = count
    assert found == MANY_PARAMETERS


def test_importing_riddle_pl_never_imports_lightning():
    """`lightning` beside `pytorch_lightning` gives two unrelated sets of classes."""
    assert [p for p in SRC.rglob("*.py") if "lightning" in _imports(p)] == []


def test_installed_version_is_the_package_s():
    assert importlib.metadata.version("riddle-pl") == riddle_pl.__version__


@pytest.mark.parametrize("script", sorted(PROJECT["project"]["scripts"]))
def test_entry_point_leads_to_a_function(script):
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name=script)
    assert callable(entry.load())


def test_torch_has_no_upper_bound():
    """A pin makes pip prefer a CPU-only build, which breaks torchvision at import."""
    lines = [line for line in PROJECT["project"]["dependencies"] if line.startswith("torch")]
    assert all("<" not in line and "==" not in line for line in lines if not line.startswith("torchmetrics"))


def test_facenet_pytorch_is_pinned_to_the_release_without_a_torch_bound():
    assert "facenet-pytorch==2.5.3" in PROJECT["project"]["dependencies"]


def test_documents_are_there():
    for name in ("README.md", "LICENSE", "LICENSE-WEIGHTS", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md"):
        assert (ROOT / name).stat().st_size > 100, name


def test_citation_names_the_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == riddle_pl.__version__


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"make ([a-z]+[a-z-]*)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named <= targets
    assert {"setup", "demo", "test", "lint", "format", "typecheck", "notebooks", "wheel-smoke", "bench"} <= targets
