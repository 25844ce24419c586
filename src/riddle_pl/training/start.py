"""Starts a run with the weights of a trained encryptor, a pack's or an earlier run's, on new data or loss terms."""

from pathlib import Path

from torch import nn

from riddle_pl.errors import CheckpointError, ConfigError
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.networks.formats.checkpoint_files import load_strict
from riddle_pl.packs import Pack
from riddle_pl.packs.registry import load_pack
from riddle_pl.password import PasswordTokens, token_override
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.export import load_trained_encryptor
from riddle_pl.training.origin import check_origin


def start_encryptor_from(pack_name: str, role: str, encryptor: nn.Module, tokens: PasswordTokens) -> None:
    """Loads the weights of a pack's encryptor, its statistics of codes among them.

    Args:
        pack_name: name or folder of the pack; its generator may differ, but should have
            the same latent space.
        role: of the encryptor in that pack.
        encryptor: takes the weights, in place.
        tokens: of this run.

    Raises:
        ConfigError: the pack's encryptor was trained with other password tokens.
        RiddleError: no such pack or role, or another kind of encryptor.
    """
    network, known = load_pack(pack_name).encryptor(role)
    if known.name != tokens.name:
        raise ConfigError(
            f"start_pack={pack_name}: its {role} was trained with {known.name} password tokens; this run has "
            f"{tokens.name}: give {token_override(known.name)}"
        )
    _take(network, encryptor, f"{role} of pack {pack_name}")


def start_encryptor_from_run(checkpoint: str, pack: Pack, encryptor: nn.Module, tokens: PasswordTokens) -> None:
    """Loads the averaged weights of an earlier run's encryptor, its statistics of codes among them.

    Args:
        checkpoint: ``checkpoints/last.ckpt`` of that run.
        pack: of this run; its generator must be that run's.
        encryptor: takes the weights, in place.
        tokens: of this run.

    Raises:
        CheckpointError: no such checkpoint, or one of another generator, of other password tokens, or of another kind
            of encryptor.
    """
    path = Path(checkpoint).expanduser()
    hashes = {"generator": pack.expected_sha256("generator") or ""}
    try:
        check_origin(load_checkpoint(path), pack.name, hashes, tokens.name)
    except CheckpointError as error:
        raise CheckpointError(f"start_ckpt={checkpoint}: {error}") from error
    network, _ = load_trained_encryptor(path)
    _take(network, encryptor, f"the encryptor of {checkpoint}")


def _take(network: nn.Module, encryptor: nn.Module, source: str) -> None:
    """Loads strictly; statistics of a standardised transformer are folded in if needed."""
    if isinstance(network, TransformerPaperEncryptor) and isinstance(encryptor, TransformerPaperEncryptor):
        network = network if encryptor.mean is not None else network.folded()
    load_strict(encryptor, network.state_dict(), source)
