"""Out of a checkpoint: the trained encryptor, alone or as an entry of a pack."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from riddle_pl.config import instantiate
from riddle_pl.errors import CheckpointError, PackError, one_line
from riddle_pl.networks.checkpoint_files import read_checkpoint
from riddle_pl.packs import Pack, WeightEntry, read_manifest, write_pack_entry
from riddle_pl.password import PasswordTokens, token_scheme
from riddle_pl.training.card import encryptor_card
from riddle_pl.training.ema import EMA_KEY
from riddle_pl.training.module import CHECKPOINT_KEY, check_origin

ENCRYPTOR_ARCHITECTURES: Mapping[str, str] = {
    "ResidualTransformerEncryptor": "transformer_residual",
    "TransformerEncryptor": "transformer_paper",
    "MLPEncryptor": "mlp",
    "InvolutiveEncryptor": "involutive",
}
"""Name in the packs' architectures registry, by class."""


def load_checkpoint(path: Path | str) -> dict[str, Any]:
    """A training checkpoint, read without running any code from it.

    Raises:
        CheckpointError: missing, damaged, or not written by ``riddle-train``.
    """
    checkpoint = read_checkpoint(path)
    if CHECKPOINT_KEY not in checkpoint or "state_dict" not in checkpoint:
        raise CheckpointError(f"{path} was not written by riddle-train; give a run's checkpoints/last.ckpt")
    return checkpoint


def load_trained_encryptor(path: Path | str) -> tuple[nn.Module, PasswordTokens]:
    """The encryptor of a checkpoint, with averaged weights if there are any, in eval mode; and its password tokens.

    Raises:
        CheckpointError: see :func:`load_checkpoint`; or the weights do not fit the checkpoint's config.
    """
    checkpoint = load_checkpoint(path)
    encryptor = _encryptor(checkpoint, path)
    return encryptor.eval().requires_grad_(False), token_scheme(checkpoint[CHECKPOINT_KEY]["tokens"])


def check_export(folder: Path | str, pack: Pack) -> None:
    """Whether an encryptor that is trained with ``pack`` will fit into the pack in ``folder``; asked before training.

    Raises:
        PackError: no pack there, or one with another generator.
    """
    entry = read_manifest(Path(folder) / "manifest.json").networks.get("generator")
    theirs, ours = entry.sha256 if entry else None, pack.expected_sha256("generator")
    if theirs and ours and theirs != ours:
        raise PackError(
            f"export={folder} has generator {theirs[:16]}, pack {pack.name} that is trained with has {ours[:16]}; "
            "give that pack, or a copy of it"
        )


def export_encryptor(
    checkpoint: Path | str, folder: Path | str, role: str = "encryptor", card: str | None = None
) -> WeightEntry:
    """Writes the (averaged) encryptor of a training checkpoint into a pack.

    Args:
        checkpoint: written by ``riddle-train``.
        folder: the pack, which must hold the networks that the encryptor was trained with.
        role: its name in the pack: ``encryptor``, ``encryptor-df``, ...
        card: model card, Markdown; from the checkpoint's config by default.

    Raises:
        CheckpointError: an unreadable checkpoint, or one that was trained with another generator than the pack's.
        PackError: no pack there.
    """
    data = load_checkpoint(checkpoint)
    encryptor = _encryptor(data, checkpoint)
    manifest = read_manifest(Path(folder) / "manifest.json")
    hashes = {name: entry.sha256 for name, entry in manifest.networks.items() if name == "generator" and entry.sha256}
    tokens = data[CHECKPOINT_KEY]["tokens"]
    check_origin(data, manifest.name, hashes, tokens)
    args = {
        key: value for key, value in _node(data, checkpoint).items() if not key.startswith("_") and value is not None
    }
    return write_pack_entry(
        folder,
        role,
        encryptor,
        ENCRYPTOR_ARCHITECTURES[type(encryptor).__name__],
        {"num_layers": manifest.num_layers, **args},
        tokens=tokens,
        origin=f"riddle-train, run {data['hyper_parameters']['name']}, {data['global_step']} steps",
        card=card or encryptor_card(role, data),
    )


def _node(checkpoint: Mapping[str, Any], source: Path | str) -> dict[str, Any]:
    node = checkpoint.get("hyper_parameters", {}).get("encryptor")
    if not isinstance(node, Mapping):
        raise CheckpointError(f"{source} does not say how its encryptor was built; it was not written by riddle-train")
    return dict(node)


def _encryptor(checkpoint: Mapping[str, Any], source: Path | str) -> nn.Module:
    origin = checkpoint[CHECKPOINT_KEY]
    encryptor: nn.Module = instantiate(_node(checkpoint, source), "encryptor", num_layers=origin["num_layers"])
    prefix = "encryptor."
    last = {k.removeprefix(prefix): v for k, v in checkpoint["state_dict"].items() if k.startswith(prefix)}
    try:
        encryptor.load_state_dict(checkpoint.get(EMA_KEY, last), strict=True)
    except RuntimeError as error:
        raise CheckpointError(
            f"{source}: the weights do not fit its {type(encryptor).__name__}: {one_line(error)}"
        ) from error
    return encryptor
