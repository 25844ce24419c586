"""Where the networks of the generator's recipe start: at a run of half the size, or at a pack."""

from pathlib import Path

import torch
from torch import nn

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.formats.checkpoint_files import load_strict, read_checkpoint, state_dict_under
from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.networks.stylegan2 import Generator, NoiseInjection
from riddle_pl.packs import load_pack
from riddle_pl.pretraining.generator.discriminator import Discriminator


def grow_from(path: Path, generator: Generator, discriminator: Discriminator, encoder: LiteEncoder) -> None:
    """Takes the weights of a run at half the size: all but the entrances of discriminator and encoder.

    Raises:
        CheckpointError: unreadable, or no smaller version of these networks.
    """
    state = state_dict_under(read_checkpoint(path), ["state_dict"], path)
    parts: dict[str, nn.Module] = {
        "average.module.": generator,
        "discriminator.": discriminator,
        "average_encoder.module.": encoder,
    }
    for prefix, network in parts.items():
        own = network.state_dict()
        shift = 0 if network is generator else 1
        for key, value in state.items():
            if not key.startswith(prefix) or key.startswith(f"{prefix}from_rgb"):
                continue
            name = _shifted(key.removeprefix(prefix), shift)
            if name not in own or own[name].shape != value.shape:
                raise CheckpointError(f"{path} is no smaller version of this network: {name} does not fit")
            own[name] = value
        network.load_state_dict(own)


@torch.no_grad()
def start_from(start: str, generator: Generator, discriminator: Discriminator, encoder: LiteEncoder) -> None:
    """Takes a pack's generator and encoder, and its perceptual features as the discriminator's first blocks.

    Raises:
        RiddleError: no such pack, or its networks do not fit.
    """
    pack = load_pack(start)
    for role, network in (("generator", generator), ("encoder", encoder)):
        load_strict(network, pack.load(role).state_dict(), f"{role} of pack {start}")
    own = discriminator.state_dict()
    seen = {key: value for key, value in pack.load("perceptual").state_dict().items() if key in own}
    load_strict(discriminator, own | seen, f"perceptual features of pack {start}")


def silence_noise(generator: Generator) -> None:
    """Noise strengths stay at zero: at these sizes noise draws speckles, and a code could not invert them."""
    for module in generator.modules():
        if isinstance(module, NoiseInjection):
            module.requires_grad_(False)


def _shifted(key: str, by: int) -> str:
    """``blocks.<i>.rest`` becomes ``blocks.<i + by>.rest``; other keys stay."""
    if not key.startswith("blocks."):
        return key
    _, index, rest = key.split(".", 2)
    return f"blocks.{int(index) + by}.{rest}"
