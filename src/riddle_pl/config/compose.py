"""Composes every job of a command line, so that a misspelt key is reported before anything is written."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from hydra import compose, initialize_config_module
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, OverrideType, RangeSweep
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from riddle_pl.config.schema import register_schemas
from riddle_pl.errors import ConfigError, suggestion

PLUGINS = {
    ("hydra/sweeper", "optuna"): "sweep",
    ("hydra/launcher", "joblib"): "sweep",
    ("hydra/launcher", "submitit_slurm"): "slurm",
    ("hydra/launcher", "submitit_local"): "slurm",
}
"""Options of Hydra's own groups that come with an extra of this package."""

CONFIG_MODULE = "riddle_pl.conf"

_ONE_AT_A_TIME = threading.RLock()
"""Hydra keeps what it composes with in one place for all threads."""


def compose_jobs(config_name: str, overrides: Sequence[str] = (), multirun: bool = False) -> list[DictConfig]:
    """The composed config of every job that a command line stands for.

    Args:
        config_name: ``train``, ``eval`` or ``pretrain``.
        overrides: Hydra overrides as typed by the user.
        multirun: expand sweeps (``a=1,2`` and ``hydra.sweeper.params``) into one config per combination.

    Raises:
        ConfigError: one line with the unknown key, group or option and the nearest valid one.
    """
    return compose_command(config_name, overrides, multirun).jobs


class Composed(NamedTuple):
    """What a command line stands for.

    Args:
        jobs: the config of every job.
        folder: that Hydra makes for the job, or for all jobs of a sweep; None where it writes none.
    """

    jobs: list[DictConfig]
    folder: Path | None


def compose_command(config_name: str, overrides: Sequence[str] = (), multirun: bool = False) -> Composed:
    """The same as :func:`compose_jobs`, with the folder of the jobs."""
    with _hydra(config_name, overrides):
        shared = _without_sweeps(overrides) if multirun else list(overrides)
        cfg = compose(config_name, shared, return_hydra_config=True)
        place = OmegaConf.select(cfg, "hydra.sweep.dir" if multirun else "hydra.run.dir")
        folder = None if cfg.hydra.output_subdir is None else Path(str(place))
        if multirun:
            return Composed([compose(config_name, job) for job in _sweep(cfg, overrides)], folder)
        with open_dict(cfg):
            del cfg["hydra"]
        return Composed([cfg], folder)


@contextmanager
def _hydra(config_name: str, overrides: Sequence[str]) -> Iterator[None]:
    """Hydra on the configs of this package; what it refuses of the overrides is a ConfigError."""
    with _ONE_AT_A_TIME:
        register_schemas()
        previous = GlobalHydra.instance().hydra
        GlobalHydra.instance().clear()
        try:
            with initialize_config_module(CONFIG_MODULE, job_name=config_name, version_base="1.3"):
                try:
                    yield
                except (HydraException, OmegaConfBaseException, ValueError) as error:
                    raise _explain(error, config_name, overrides) from error
        finally:
            GlobalHydra.instance().hydra = previous


def lenient_in_sweeps(overrides: Sequence[str]) -> list[str]:
    """The same overrides, with ``a.b=value`` as ``++a.b=value`` (set, whether the key exists or not).

    Before it splits a sweep, Hydra composes a config without the swept groups, and would refuse a key that only they
    have (``-m experiment=riddle,wo_transformer data.root=FOLDER``). Every job has been checked by then.
    """
    parser = OverridesParser.create()
    rewritten = []
    for text in overrides:
        override = parser.parse_override(text)
        key = override.key_or_group
        plain = override.type is OverrideType.CHANGE and "." in key and "/" not in key and not override.package
        rewritten.append(f"++{text}" if plain and not key.startswith("hydra.") else text)
    return rewritten


def _sweep(with_hydra: DictConfig, overrides: Sequence[str]) -> list[list[str]]:
    parser = OverridesParser.create()
    params = OmegaConf.select(with_hydra, "hydra.sweeper.params") or {}
    every = parser.parse_overrides([f"{key}={value}" for key, value in params.items()] + list(overrides))
    if not str(OmegaConf.select(with_hydra, "hydra.sweeper._target_")).endswith(".BasicSweeper"):
        # one that chooses while it goes: a point of its space stands for all, and the last word on a key counts
        last = {override.get_key_element(): override for override in every}
        return [[_one_point(override) for key, override in last.items() if not key.startswith(("hydra.", "hydra/"))]]
    jobs = [list(job) for batch in BasicSweeper.split_arguments(every, None) for job in batch]
    return [[text for text in job if not text.startswith("hydra.mode=")] for job in jobs]


def _without_sweeps(overrides: Sequence[str]) -> list[str]:
    """What all jobs of a sweep have in common."""
    parser = OverridesParser.create()
    return lenient_in_sweeps([text for text in overrides if not parser.parse_override(text).is_sweep_override()])


def _one_point(override: Override) -> str:
    """The override, with the first value of what is swept."""
    value = override.value()
    if isinstance(value, ChoiceSweep):
        first: Any = value.list[0]
    elif isinstance(value, IntervalSweep | RangeSweep):
        first = value.start
    else:
        return str(override.input_line)
    return f"{override.get_key_element()}={Override._get_value_element_as_str(first)}"


def _explain(error: Exception, config_name: str, overrides: Sequence[str]) -> ConfigError:
    """One line out of Hydra's and OmegaConf's several."""
    text = str(error)
    if unnamed := next((given for given in overrides if given.lstrip("+~").startswith("=")), None):
        return _unreadable(unnamed)
    if match := re.search(r"Could not find '([^']+)'", text):
        return _unknown_option(match[1], text)
    if match := re.search(r"Could not load '([^']+)'", text):  # an option in a list of several
        group, _, option = match[1].rpartition("/")
        options = GlobalHydra.instance().config_loader().get_group_options(group)
        return ConfigError(f"{group}={option} is unknown; {suggestion(option, options)}")
    if match := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(match[1], config_name, overrides)
    if match := re.search(r"Key '([^']+)' (?:is )?not in (?:struct|'(?P<type>\w+)')", text):
        place = re.search(r"full_key: (\S+)", text)
        key = place[1] if place else match[1]
        file = re.search(r"In '([^']+)'", text)
        problem = _unknown_key(key, config_name, ())
        return ConfigError(f"{file[1]}.yaml: {problem}") if file else problem
    if isinstance(error, OverrideParseException):
        return _unreadable(str(error.override))
    if "Config group override must be a string or a list" in text:
        return _no_option(overrides)
    if match := re.search(r"Error merging override (.*)", text):
        reason = str(error.__cause__ or "").splitlines()
        return ConfigError(f"{match[1]} does not fit" + (f": {reason[0]}" if reason else ""))
    return ConfigError(" ".join(text.split()))


def _no_option(overrides: Sequence[str]) -> ConfigError:
    """Of a group that was given null or a number in place of an option."""
    loader = GlobalHydra.instance().config_loader()
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        group, options = override.key_or_group, loader.get_group_options(override.key_or_group)
        if options and not isinstance(override.value(), str | list):
            off = f"{group}=none" if "none" in options else "leave it out"
            return ConfigError(f"{override.input_line}: choose from {', '.join(options)}; or {off}")
    return ConfigError("a group of the config takes the name of one of its options")


def _unreadable(override: str) -> ConfigError:
    return ConfigError(f"override {override!r} cannot be read; write key=value, with quotes around special characters")


def _unknown_option(path: str, text: str) -> ConfigError:
    group, _, option = path.rpartition("/")
    listed = text.partition("Available options in")[2].partition("Config search path")[0]
    options = re.findall(r"^\t(\S+)", listed, re.MULTILINE)
    if extra := PLUGINS.get((group, option)):
        return ConfigError(f"{group}={option} is a plug-in that is not installed; pip install 'riddle-pl[{extra}]'")
    return ConfigError(f"{group}={option} is unknown; {suggestion(option, options)}")


def _unknown_key(key: str, config_name: str, overrides: Sequence[str]) -> ConfigError:
    """Names a group that has ``key``, or else the nearest key at the first level of ``key`` that does not exist."""
    node: object = _composed(config_name, [text for text in overrides if not text.lstrip("+~").startswith(key)])
    place = ""
    for part in key.split("."):
        names = [str(name) for name in node if str(name)[:1] != "_"] if isinstance(node, DictConfig) else []
        if not place:
            names += GlobalHydra.instance().config_loader().list_groups("")
        if part not in names:
            known = OmegaConf.to_container(node) if isinstance(node, DictConfig) and not place else None
            if inner := _keys_that_end_in(key, known):
                return ConfigError(f"{key} is unknown: there is no such key; did you mean {' or '.join(inner)}?")
            where = f"{place} has no '{part}'" if place else "there is no such key"
            return ConfigError(f"{key} is unknown: {where}; {suggestion(part, names)}")
        place = f"{place}.{part}" if place else part
        node = OmegaConf.select(node, part) if isinstance(node, DictConfig) else None
    return ConfigError(f"{key} cannot be set here")


def _keys_that_end_in(key: str, node: object, place: str = "") -> list[str]:
    """``recipe.steps`` for ``steps``: where it lies in the groups of a config."""
    found = []
    for name, inner in node.items() if isinstance(node, dict) else ():
        path = f"{place}.{name}" if place else str(name)
        found += [path] if place and path.endswith(f".{key}") else _keys_that_end_in(key, inner, path)
    return found


def _composed(config_name: str, overrides: Sequence[str]) -> DictConfig | None:
    """With the other overrides if they can be composed, else without any; None if the defaults are broken as well."""
    for attempt in (list(overrides), []):
        try:
            return compose(config_name, attempt)
        except (HydraException, OmegaConfBaseException, ValueError):
            continue
    return None
