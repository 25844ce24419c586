"""Validates every ``_target_`` node of a composed config against the signature of its target, before it is built."""

import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

from riddle_pl.config.ranges import check_ranges
from riddle_pl.config.schema import RUNTIME_ARGUMENTS
from riddle_pl.errors import ConfigError, one_line, suggestion

_HYDRA_KEYS = {"_target_", "_partial_", "_args_", "_recursive_", "_convert_"}
_SCALARS = (bool, int, float, str, NoneType)
COLLECTIONS = ("callbacks", "logger")
"""Root keys that hold any number of named nodes; a null entry switches one off."""


def check_config(cfg: DictConfig) -> None:
    """Checks that a composed config can be built: values present, targets importable, keys and plain types right.

    Raises:
        ConfigError: one line with the key, its value, the nearest valid name and the choices.
    """
    check_ranges(cfg)
    schema = OmegaConf.get_type(cfg)
    if schema is not None and is_dataclass(schema):
        known = [f.name for f in fields(schema)]
        if unknown := [str(key) for key in cfg if key not in known]:
            raise ConfigError(f"{unknown[0]} is unknown; {suggestion(unknown[0], known)}")
    plain = to_plain(cfg)
    for name in COLLECTIONS:
        for child, node in (plain.get(name) or {}).items():
            if node is not None and (not isinstance(node, Mapping) or "_target_" not in node):
                others = [key for key in plain[name] if key != child]
                raise ConfigError(f"{name}.{child} has no _target_; {suggestion(str(child), others)}")
    for key, node in target_nodes(plain):
        check_node(node, key, _runtime_arguments(key))


def _runtime_arguments(key: str) -> frozenset[str]:
    root, *rest = key.split(".")
    depth = 1 if root in COLLECTIONS else 0
    return RUNTIME_ARGUMENTS.get(root, frozenset()) if len(rest) == depth else frozenset()


def to_plain(cfg: DictConfig) -> dict[str, Any]:
    """The config as plain containers, interpolations resolved.

    Raises:
        ConfigError: a value is missing (``???``) or an interpolation cannot be resolved.
    """
    require_values(cfg)
    try:
        plain = OmegaConf.to_container(cfg, resolve=True)
    except OmegaConfBaseException as error:
        raise _unresolved(error) from error
    if not isinstance(plain, dict):
        raise ConfigError("the config is not a mapping")
    return {str(key): value for key, value in plain.items()}


def require_values(cfg: DictConfig) -> None:
    """Raises :class:`ConfigError` where a value is missing (``???``), or what another is taken from is not there."""
    try:
        missing = sorted(OmegaConf.missing_keys(cfg))
    except InterpolationToMissingValueError as error:
        missing = [str(error).splitlines()[0].rpartition(" ")[2]]
    except OmegaConfBaseException as error:
        raise _unresolved(error) from error
    if missing:
        raise ConfigError(f"{missing[0]} has no value; give {missing[0]}=...")


def _unresolved(error: OmegaConfBaseException) -> ConfigError:
    return ConfigError(f"{error.full_key or 'config'}: {str(error).splitlines()[0]}")


def target_nodes(plain: object, key: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All nodes with a ``_target_`` below ``plain``, each with its dotted key."""
    if isinstance(plain, Mapping):
        if "_target_" in plain:
            yield key, plain
        for name, value in plain.items():
            yield from target_nodes(value, f"{key}.{name}" if key else str(name))
    elif isinstance(plain, list):
        for index, value in enumerate(plain):
            yield from target_nodes(value, f"{key}[{index}]")


def check_node(node: Mapping[str, Any], key: str, provided: frozenset[str] = frozenset()) -> None:
    """Holds one node's keys to its target's signature.

    Named parameters only: a target that takes ``**kwargs`` would swallow a typing error, so they do not count.

    Args:
        node: plain mapping with ``_target_``.
        key: its dotted place in the config, for the error line.
        provided: parameters that the caller passes itself.

    Raises:
        ConfigError: unknown target, unknown key, missing required key, or a plain value of the wrong type.
    """
    target = locate(node["_target_"], key)
    try:
        parameters = _named_parameters(target)
    except ValueError as error:  # some built-in types
        raise ConfigError(
            f"{key}._target_={node['_target_']} has no readable signature; give a class or function"
        ) from error
    given = [str(name) for name in node if name not in _HYDRA_KEYS]
    for name in given:
        if name not in parameters:
            raise ConfigError(
                f"{key}.{name} is unknown to {node['_target_']}; {suggestion(name, set(parameters) - provided)}"
            )
    if not node.get("_partial_") and not node.get("_args_"):
        required = [n for n, p in parameters.items() if p.default is inspect.Parameter.empty]
        if missing := [name for name in required if name not in given and name not in provided]:
            raise ConfigError(
                f"{key} lacks {', '.join(missing)}, which {node['_target_']} needs; give {key}.{missing[0]}="
            )
    hints = _type_hints(target)
    for name in given:
        _check_type(f"{key}.{name}", node[name], hints.get(name))


def locate(path: object, key: str) -> Callable[..., Any]:
    """The object that ``_target_`` names.

    Raises:
        ConfigError: it cannot be imported; the line names the nearest name in its module.
    """
    try:
        target: Any = pkgutil.resolve_name(str(path))
    except Exception as error:
        raise ConfigError(f"{key}._target_={path} cannot be imported; {_nearby(str(path), error)}") from error
    if not callable(target):
        raise ConfigError(f"{key}._target_={path} is a {type(target).__name__}; expected a class or function")
    found: Callable[..., Any] = target
    return found


def _nearby(path: str, error: Exception) -> str:
    module, _, name = path.rpartition(".")
    try:
        return suggestion(name, [n for n in dir(pkgutil.resolve_name(module)) if not n.startswith("_")], limit=8)
    except Exception:
        return one_line(error)


def _named_parameters(target: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return {n: p for n, p in inspect.signature(target).parameters.items() if p.kind not in variadic}


def _type_hints(target: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(target.__init__ if inspect.isclass(target) else target)
    except Exception:  # annotations that only a type checker can resolve
        return {}


def _check_type(key: str, value: object, hint: object) -> None:
    """Only hints made of bool, int, float, str and None are checked; a node or a list is its target's business."""
    allowed = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, UnionType) else (hint,)
    if not set(allowed) <= set(_SCALARS) or not isinstance(value, _SCALARS):
        return
    if not any(_fits(value, kind) for kind in allowed):
        expected = " or ".join("null" if kind is NoneType else kind.__name__ for kind in allowed)
        raise ConfigError(f"{key}={value!r} is a {type(value).__name__}; expected {expected}")


def _fits(value: object, kind: object) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if isinstance(value, int):
        return kind in (int, float)
    return type(value) is kind
