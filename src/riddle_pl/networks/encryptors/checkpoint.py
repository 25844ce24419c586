"""Which encryptor a checkpoint of the authors' code holds: read from its keys, cross-checked with its options."""

import re
from collections.abc import Mapping
from typing import Any

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.encryptors.mlp import MLPEncryptor
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor, default_groups
from riddle_pl.networks.formats.checkpoint_files import State, some

PAPER_LAYERS = 14
_MLP_LINEARS = 4
_PREFIX = "transformer_"
"""What the authors' options put before the names that we use."""
_TRANSFORMER_OPTIONS = frozenset({"normalize_type", "split_list", "add_linear", "add_pos_embedding"})


def encryptor_from_state(
    state: State, opts: Mapping[str, Any], needed: int | None, path: str
) -> TransformerPaperEncryptor | MLPEncryptor:
    """The network, with fresh weights, that the state dict fits.

    Args:
        state: without ``module.`` prefix.
        opts: the training options in the checkpoint, under the authors' names (``transformer_split_list``, ...) or
            without their prefix; may be empty.
        needed: W+ layers that the caller needs, or None.
        path: what errors name.

    Raises:
        CheckpointError: neither encryptor, a variant that is not supported, options that contradict the weights, or
            another number of layers.
        ValueError: sizes that no encryptor has.
    """
    if extra := [key for key in state if key.startswith("landmark_mapping.")]:
        raise CheckpointError(f"{path} was trained with the landmark prior ({some(extra)}), which is not supported")
    if "instancenorm" in {value.lower() for value in opts.values() if isinstance(value, str)}:
        raise CheckpointError(f"{path} was made with instancenorm, which cannot run in the authors' code either")
    opts = _without_prefix(opts, path)
    if opts.get("use_landmark_prior") is True:
        raise CheckpointError(f"{path} was trained with use_landmark_prior=True, which is not supported")
    if _positive(opts.get("latent_avg_lambda")):
        raise CheckpointError(
            f"{path} was trained with latent_avg_lambda={opts['latent_avg_lambda']!r}: a mean code that was drawn at "
            "random and not saved belongs to its output, so that nobody can use it as it was trained"
        )
    if "model.0.weight" in state:
        _agree(opts, "mapper_type", "simple", path)
        return _mlp(state, opts, needed, path)
    if "layers.0.self_attn.in_proj_weight" in state:
        _agree(opts, "mapper_type", "transformer", path)
        return _transformer(state, opts, needed, path)
    raise CheckpointError(f"{path} [mapper_state_dict] is neither a transformer nor an MLP; its keys are {some(state)}")


def _without_prefix(opts: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The options under one name each.

    Raises:
        CheckpointError: one of the transformer that is not known here, or two that contradict each other.
    """
    named = {name.removeprefix(_PREFIX): value for name, value in opts.items() if name.startswith(_PREFIX)}
    if unknown := sorted(set(named) - _TRANSFORMER_OPTIONS):
        raise CheckpointError(
            f"{path} was trained with the option {_PREFIX}{unknown[0]:.60}, which is not supported; known are "
            f"{', '.join(_PREFIX + name for name in sorted(_TRANSFORMER_OPTIONS))}"
        )
    for name, value in named.items():
        if name in opts and not _same(opts[name], value):
            raise CheckpointError(f"{path} has opts {name} and {_PREFIX}{name}, which contradict each other")
    plain = {name: value for name, value in opts.items() if not name.startswith(_PREFIX)}
    return {**plain, **named}


def _same(one: object, other: object) -> bool:
    return one == other if isinstance(one, str | int | list | tuple) and type(one) is type(other) else False


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


def _mlp(state: State, opts: Mapping[str, Any], needed: int | None, path: str) -> MLPEncryptor:
    linears = sum(bool(re.fullmatch(r"model\.\d+\.weight", key)) for key in state)
    extra = max(0, linears - _MLP_LINEARS)
    _agree(opts, "morefc_num", extra, path)
    return MLPEncryptor(needed or PAPER_LAYERS, extra, dim=state["model.0.weight"].shape[1] // 2)


def _transformer(state: State, opts: Mapping[str, Any], needed: int | None, path: str) -> TransformerPaperEncryptor:
    input_linear, position = "linear_ori.weight" in state, "pos_embedding" in state
    normed = "layers.0.norm1.weight" in state
    _agree(opts, "add_linear", input_linear, path)
    _agree(opts, "pos_embedding", position, path)
    _agree(opts, "add_pos_embedding", position, path)
    _agree(opts, "normalize_type", "layernorm" if normed else "None", path)

    groups = _numbers(opts.get("split_list"))
    counted = state["pos_embedding"].shape[0] if position else sum(groups) if groups else None
    if needed is not None and counted is not None and counted != needed:
        raise CheckpointError(f"{path} has {counted} layers; {needed} layers are needed")
    layers = counted or needed or PAPER_LAYERS
    groups = groups or default_groups(layers)
    if sum(groups) != layers:
        raise CheckpointError(f"{path} has {layers} layers, but opts split_list is {groups}, {sum(groups)} layers")
    found = len({key.split(".")[1] for key in state if key.startswith("layers.")})
    if found != len(groups):
        raise CheckpointError(f"{path} has {found} groups of layers; {len(groups)} are needed for split_list {groups}")
    return TransformerPaperEncryptor(
        layers,
        groups,
        dim=state["layers.0.self_attn.in_proj_weight"].shape[-1],
        ffn=state["layers.0.linear1.weight"].shape[0] if "layers.0.linear1.weight" in state else 1024,
        input_linear=input_linear,
        position_embedding=position,
        norm="layernorm" if normed else "none",
    )


def _agree(opts: Mapping[str, Any], name: str, found: int | bool | str, path: str) -> None:
    """Options are written when training starts: a contradiction means that they belong to other weights."""
    if name in opts and opts[name] is not None and opts[name] != found:
        raise CheckpointError(f"{path} has opts {name}={opts[name]!r}, but its weights say {found!r}")


def _numbers(value: object) -> tuple[int, ...]:
    """A split list as the options may hold it: [4, 4, 6] or "4,4,6"."""
    if isinstance(value, str):
        return tuple(int(number) for number in re.findall(r"\d+", value))
    return tuple(int(number) for number in value) if isinstance(value, list | tuple) else ()
