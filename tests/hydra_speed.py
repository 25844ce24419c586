"""Composing configs took a third of the suite's time: the tests compose hundreds, many of them several times.

So each of the package's YAML files is read once, the same choice of files is merged once, and the same command line is
composed once. Configs that a test has written itself are read and composed every time. What is kept is kept pickled:
OmegaConf takes seven times as long to copy a config.
"""

import os
import pickle
from collections.abc import Callable
from functools import wraps
from typing import Any

from hydra._internal import defaults_list
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository, IConfigRepository
from hydra.core.utils import JobRuntime
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig, open_dict

KEPT = 200
_composed: dict[Any, bytes] = {}
_merged: dict[Any, bytes] = {}
_read: dict[Any, bytes] = {}


def install() -> None:
    """Once per process, before the first test."""
    ConfigLoaderImpl.load_configuration = composed_once(ConfigLoaderImpl.load_configuration)
    ConfigLoaderImpl._compose_config_from_defaults_list = merged_once(
        ConfigLoaderImpl._compose_config_from_defaults_list
    )
    ConfigRepository.load_config = read_once(ConfigRepository.load_config)
    defaults_list._create_interpolation_map = where_wanted(defaults_list._create_interpolation_map)


def packaged(path: str) -> bool:
    """Whether what lies at a place of the search path stays the same while the tests run."""
    return path.startswith(("pkg:", "structured:"))


def source_places(repo: IConfigRepository) -> tuple[tuple[str, str], ...]:
    return tuple((source.provider, source.full_path()) for source in repo.get_sources())


def keep(kept: dict[Any, bytes], key: Any, value: object) -> None:
    if len(kept) >= KEPT:
        kept.clear()
    kept[key] = pickle.dumps(value)


def composed_once(load: Callable[..., DictConfig]) -> Callable[..., DictConfig]:
    """A copy of what the same command line gave before."""

    @wraps(load)
    def call(self: ConfigLoaderImpl, config_name: str | None, overrides: list[str], **kwargs: Any) -> DictConfig:
        places = tuple((entry.provider, str(entry.path)) for entry in self.config_search_path.get_path())
        written = not all(packaged(path) for _, path in places) or any("searchpath" in text for text in overrides)
        key = (places, JobRuntime().get("name"), config_name, tuple(overrides), tuple(kwargs.items()))
        if written or key not in _composed:
            cfg = load(self, config_name, overrides, **kwargs)
            if written:
                return cfg
            keep(_composed, key, cfg)
        cfg = pickle.loads(_composed[key])
        with open_dict(cfg.hydra):
            cfg.hydra.runtime.cwd = os.getcwd()
        return cfg

    return call


def read_once(load: Callable[..., ConfigResult | None]) -> Callable[..., ConfigResult | None]:
    """A copy of what the same file gave before."""

    @wraps(load)
    def call(self: ConfigRepository, config_path: str) -> ConfigResult | None:
        places = source_places(self)
        if not all(packaged(path) for _, path in places):
            return load(self, config_path)
        key = (places, config_path)
        if key not in _read:
            keep(_read, key, load(self, config_path))
        result: ConfigResult | None = pickle.loads(_read[key])
        return result

    return call


def merged_once(merge: Callable[..., DictConfig]) -> Callable[..., DictConfig]:
    """A copy of what the same files in the same places gave before, without the values of the command line."""

    @wraps(merge)
    def call(self: ConfigLoaderImpl, defaults: list[Any], repo: IConfigRepository) -> DictConfig:
        places = source_places(repo)
        if not all(packaged(path) for _, path in places):
            return merge(self, defaults, repo)
        key = (places, tuple(map(repr, defaults)))
        if key not in _merged:
            keep(_merged, key, merge(self, defaults, repo))
        cfg: DictConfig = pickle.loads(_merged[key])
        return cfg

    return call


def where_wanted(build: Callable[..., DictConfig]) -> Callable[..., DictConfig | None]:
    """Hydra lists the choices so far for each file, and looks at them only where a defaults list interpolates one."""

    @wraps(build)
    def call(overrides: Any, defaults: list[Any], self_added: bool) -> DictConfig | None:
        return build(overrides, defaults, self_added) if any(d.is_interpolation() for d in defaults) else None

    return call
