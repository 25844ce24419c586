"""Where a run starts that is to go on from a finished encryptor: at a pack's, with new data, weights or passwords."""

from torch import nn

from riddle_pl.errors import ConfigError
from riddle_pl.networks.checkpoint_files import load_strict
from riddle_pl.packs.registry import load_pack
from riddle_pl.password import PasswordTokens, token_override


def start_encryptor_from(pack_name: str, role: str, encryptor: nn.Module, tokens: PasswordTokens) -> None:
    """Takes the weights of a pack's encryptor, and what it knows of how codes are distributed.

    Args:
        pack_name: name or folder of the pack; its generator need not be the one that is trained with, but its codes
            should mean the same.
        role: of the encryptor in that pack.
        encryptor: takes the weights, in place.
        tokens: how this run makes w_pwd of a password.

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
    load_strict(encryptor, network.state_dict(), f"{role} of pack {pack_name}")
