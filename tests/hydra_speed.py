"""Composing configs took a third of the suite's time: the tests compose hundreds, many of them several times.

So the same command line is composed once. Configs that a test has written itself are composed every time.
"""

import copy
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.utils import JobRuntime
from omegaconf import DictConfig, open_dict

KEPT = 200
_composed: dict[Any, DictConfig] = {}


def install() -> None:
    """Once per process, before the first test."""
    ConfigLoaderImpl.load_configuration = composed_once(ConfigLoaderImpl.load_configuration)


def composed_once(load: Callable[..., DictConfig]) -> Callable[..., DictConfig]:
    """A copy of what the same command line gave before."""

    @wraps(load)
    def call(self: ConfigLoaderImpl, config_name: str | None, overrides: list[str], **kwargs: Any) -> DictConfig:
        places = tuple((entry.provider, str(entry.path)) for entry in self.config_search_path.get_path())
        packaged = all(path.startswith(("pkg:", "structured:")) for _, path in places)
        written = not packaged or any("searchpath" in text for text in overrides)
        key = (places, JobRuntime().get("name"), config_name, tuple(overrides), tuple(kwargs.items()))
        if written or key not in _composed:
            cfg = load(self, config_name, overrides, **kwargs)
            if written:
                return cfg
            if len(_composed) >= KEPT:
                _composed.clear()
            _composed[key] = cfg
        cfg = copy.deepcopy(_composed[key])
        with open_dict(cfg.hydra):
            cfg.hydra.runtime.cwd = os.getcwd()
        return cfg

    return call
