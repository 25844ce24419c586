"""The photo pipeline from ``conf/pseudonymise.yaml``: a class for each of its groups."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from riddle_pl.config import compose_jobs
from riddle_pl.config.check import locate
from riddle_pl.config.instantiate import instantiate
from riddle_pl.packs import Pack, pack_of_record
from riddle_pl.photos.choices import FOR_FACE_AXES, FOR_PADDED
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.record import Record

CONFIG = "pseudonymise"


def build_pseudonymiser(
    pack: Pack,
    overrides: Sequence[str] = (),
    encryptor: str | None = None,
    device: torch.device | str = "cpu",
    batch_size: int = 8,
) -> Pseudonymiser:
    """A pipeline as the config says.

    Args:
        pack: see :class:`Pseudonymiser`, as for the other arguments.
        encryptor: see :meth:`riddle_pl.packs.Pack.encryptor_for_photos`.
        overrides: as typed by the user, such as ``mask=bisenet`` or ``gate.min_face=40``.

    Raises:
        ConfigError: an unknown option, key or value, with the nearest valid one.
        PackError: the pack has no such encryptor.
    """
    role = pack.encryptor_for_photos(encryptor)
    padded = role in pack.roles and pack.entry(role).arch == "padded"
    defaults = (*FOR_PADDED, *(FOR_FACE_AXES if "face_axes" in pack.roles else ())) if padded else ()
    (cfg,) = compose_jobs(CONFIG, [*defaults, *overrides])
    names = ("face_detector", "invert", "mask", "gate", "nonce", "colour", "grain", "draw")
    offered = {"pack": pack, "device": str(device)}
    if padded and cfg.invert.get("code_model") is None:
        offered["code_model"] = role
    parts = {key: _part(cfg[key], key, offered) for key in names}
    return Pseudonymiser(
        pack,
        detector=parts["face_detector"],
        encryptor=role,
        device=device,
        gate=parts["gate"],
        face_map=parts["mask"],
        batch_size=batch_size,
        inversion=parts["invert"],
        nonces=parts["nonce"],
        grain=parts["grain"],
        colour=parts["colour"],
        drawing=parts["draw"],
    )


def pseudonymiser_for(
    record: Record,
    pack: str | None = None,
    pack_size: int | None = None,
    overrides: Sequence[str] = (),
    device: torch.device | str = "cpu",
) -> Pseudonymiser:
    """A pipeline for what is in a record: its encryptor, and what goes with that by default.

    Args:
        record: made with the pack; of another, what :meth:`Pseudonymiser.check` is going to refuse.
        pack, pack_size: see :func:`riddle_pl.packs.pack_of_record`.
        overrides, device: see :func:`build_pseudonymiser`.

    Raises:
        PackError: there is no such pack, or it does not draw this size.
        ConfigError: an unknown option, key or value, with the nearest valid one.
    """
    opened = pack_of_record(record.pack_name, pack, pack_size)
    role = record.encryptor_name if record.encryptor_name in opened.encryptors else None
    return build_pseudonymiser(opened, overrides, role, device)


def _part(node: DictConfig, key: str, offered: Mapping[str, Any]) -> Any:
    """The object of a node, which gets what it asks for of what is offered."""
    provided = _asked(node, key, offered)
    own = OmegaConf.masked_copy(node, [str(name) for name in node if name not in provided])
    return instantiate(own, key, **provided)


def _asked(node: DictConfig, key: str, offered: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some arguments that the constructor of a node has."""
    wanted = inspect.signature(locate(node._target_, key)).parameters
    return {name: value for name, value in offered.items() if name in wanted}
