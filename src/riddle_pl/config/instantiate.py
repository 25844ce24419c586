"""The one helper through which every ``_target_`` node becomes an object."""

import functools
from collections.abc import Mapping
from typing import Any

import hydra.utils
from hydra.errors import InstantiationException
from omegaconf import DictConfig, OmegaConf

from riddle_pl.config.check import check_node, target_nodes
from riddle_pl.errors import ConfigError, RiddleError


def instantiate(node: DictConfig | Mapping[str, Any], key: str = "config", **provided: Any) -> Any:
    """Builds the object of a ``_target_`` node; nested nodes are built first, lists and mappings arrive plain.

    Args:
        node: config node; its keys are held to the target's signature.
        key: its place in the config, for error lines.
        provided: arguments that come from the program rather than from the config (never copied, never converted).

    Raises:
        ConfigError: unknown target or key, or the target refuses its arguments (ValueError, TypeError,
            AssertionError, Lightning's MisconfigurationException).
        RiddleError: whatever the target itself raises for the user.
    """
    plain = OmegaConf.to_container(node, resolve=True) if isinstance(node, DictConfig) else dict(node)
    if not isinstance(plain, dict) or "_target_" not in plain:
        raise ConfigError(f"{key} has no _target_; expected a node that names a class or function")
    for place, inner in target_nodes(plain, key):
        check_node(inner, place, frozenset(provided) if place == key else frozenset())
    try:
        build = hydra.utils.instantiate({**plain, "_partial_": True}, _convert_="all")
        return functools.partial(build, **provided) if plain.get("_partial_") else build(**provided)
    except Exception as error:
        cause = error.__cause__ if isinstance(error, InstantiationException) else error
        if isinstance(cause, RiddleError):
            raise cause from None
        if _is_refusal(cause):
            raise ConfigError(f"{key} ({plain['_target_']}): {cause}") from cause
        raise (cause or error) from None


def instantiate_group(cfg: DictConfig, group: str) -> dict[str, Any]:
    """The objects of a group of named nodes, by name; null switches one off.

    Raises:
        RiddleError: see :func:`instantiate`.
    """
    return {str(name): instantiate(node, f"{group}.{name}") for name, node in cfg[group].items() if node is not None}


def _is_refusal(error: BaseException | None) -> bool:
    """Whether a target says with it that an argument is wrong; some of torch's modules assert."""
    lightnings = type(error).__name__ == "MisconfigurationException"  # importing it takes seconds
    return lightnings or isinstance(error, (ValueError, TypeError, AssertionError))
