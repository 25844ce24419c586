"""Exports the trained encryptor of a checkpoint, alone or as an entry of a pack."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from riddle_pl.errors import CheckpointError, PackError
from riddle_pl.networks.formats.checkpoint_files import load_strict
from riddle_pl.pack_names import MANIFEST_NAME
from riddle_pl.packs import Pack, WeightEntry, read_manifest
from riddle_pl.packs.manifest import require_free_role, require_pack_for_export, require_role
from riddle_pl.packs.pack import PADDED, USUAL
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.password import PasswordTokens, token_scheme
from riddle_pl.training.card import encryptor_card
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.ema import EMA_KEY
from riddle_pl.training.origin import check_origin, encryptor_of, read_origin

MINE = f"{USUAL}-mine"
"""A name that is offered to the user."""


def load_trained_encryptor(path: Path | str) -> tuple[nn.Module, PasswordTokens]:
    """The encryptor of a checkpoint, with averaged weights if there are any, in eval mode; and its password tokens.

    Raises:
        CheckpointError: see :func:`load_checkpoint`; or the checkpoint does not say how its encryptor is built, or the
            weights do not fit it.
    """
    checkpoint = load_checkpoint(path)
    encryptor = _encryptor(checkpoint, path)
    return encryptor.eval().requires_grad_(False), token_scheme(read_origin(checkpoint).tokens)


def require_encryptor_role(role: str, key: str) -> None:
    """Makes sure that a trained encryptor may be called ``role``, and is not taken for another kind of network.

    Raises:
        PackError: it may not; the line begins with ``key``.
    """
    require_role(role, key)
    if role == PADDED:
        raise PackError(f"{key}={role} is the padded encryptor, which is not trained; give another, such as {MINE}")
    if role != USUAL and not role.startswith(f"{USUAL}-"):
        raise PackError(f"{key}={role}; an encryptor is called {USUAL}, or {USUAL}-NAME, such as {MINE}")


def check_export(folder: Path | str, pack: Pack, role: str, overwrite: bool = False) -> None:
    """Checks before training that an encryptor trained with ``pack`` can be exported to the pack in ``folder``.

    Raises:
        PackError: no pack there, one with another generator, or one that has ``role`` already, which is not to be
            written over; or ``role`` is no name of an encryptor.
    """
    require_encryptor_role(role, "export_role")
    require_pack_for_export(folder, pack.address)
    entry = read_manifest(Path(folder) / MANIFEST_NAME).networks.get("generator")
    theirs, ours = entry.sha256 if entry else None, pack.expected_sha256("generator")
    if theirs and ours and theirs != ours:
        raise PackError(
            f"export={folder} has generator {theirs[:16]}, pack {pack.name} that is trained with has {ours[:16]}; "
            "give that pack, or a copy of it"
        )
    require_free_role(folder, role, overwrite)


def export_encryptor(
    checkpoint: Path | str,
    folder: Path | str,
    role: str = "encryptor",
    card: str | None = None,
    dtype: torch.dtype = torch.float32,
    overwrite: bool = False,
) -> WeightEntry:
    """Writes the (averaged) encryptor of a training checkpoint into a pack.

    Args:
        checkpoint: written by ``riddle-train``.
        folder: the pack, which must hold the networks that the encryptor was trained with.
        role: its name in the pack: ``encryptor``, ``encryptor-df``, ...
        card: model card, Markdown; from the checkpoint's config by default.
        dtype: that the weights are stored as; float16 halves the file.
        overwrite: write over an encryptor of that role that the pack has already.

    Raises:
        CheckpointError: an unreadable checkpoint, one that does not say how its encryptor is built, or one that was
            trained with another generator than the pack's.
        PackError: ``role`` is no name of an encryptor; no pack there, one that has ``role`` already (and ``overwrite``
            is false), or weights that are not finite numbers.
    """
    require_encryptor_role(role, "role")
    data = load_checkpoint(checkpoint)
    encryptor = _encryptor(data, checkpoint)
    spec = encryptor_of(data)
    manifest = read_manifest(Path(folder) / MANIFEST_NAME)
    hashes = {name: entry.sha256 for name, entry in manifest.networks.items() if name == "generator" and entry.sha256}
    tokens = read_origin(data).tokens
    check_origin(data, manifest.name, hashes, tokens)
    return write_pack_entry(
        folder,
        role,
        encryptor,
        spec.arch,
        spec.args,
        tokens=tokens,
        origin=f"riddle-train, run {data['hyper_parameters'].get('name')}, {data['global_step']} steps",
        card=card or encryptor_card(role, data),
        dtype=dtype,
        overwrite=overwrite,
    )


def _encryptor(checkpoint: Mapping[str, Any], path: Path | str) -> nn.Module:
    try:
        encryptor = encryptor_of(checkpoint).build()
    except (CheckpointError, PackError) as error:
        raise CheckpointError(f"{path}: {error}") from None
    prefix = "encryptor."
    last = {k.removeprefix(prefix): v for k, v in checkpoint["state_dict"].items() if k.startswith(prefix)}
    load_strict(encryptor, checkpoint.get(EMA_KEY, last), str(path))
    return encryptor
