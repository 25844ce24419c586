"""Initialisation of the generator's recipe from a pack."""

import torch
from torch import nn

from riddle_pl.networks.formats.checkpoint_files import load_strict
from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.networks.stylegan2 import Generator, NoiseInjection
from riddle_pl.packs import load_pack
from riddle_pl.pretraining.generator.discriminator import Discriminator


@torch.no_grad()
def start_from(start: str, generator: Generator, discriminator: Discriminator, encoder: LiteEncoder) -> None:
    """Loads a pack's generator and encoder, and its perceptual features as the discriminator's first blocks.

    Raises:
        RiddleError: no such pack, or its networks do not fit.
    """
    pack = load_pack(start)
    for role, network in (("generator", generator), ("encoder", encoder)):
        load_strict(network, pack.load(role).state_dict(), f"{role} of pack {start}")
    start_discriminator_from(pack.load("perceptual"), discriminator, start)


def start_discriminator_from(perceptual: nn.Module, discriminator: Discriminator, pack: str) -> None:
    """Loads a pack's perceptual features as the discriminator's first blocks.

    Raises:
        CheckpointError: they do not fit.
    """
    own = discriminator.state_dict()
    seen = {key: value for key, value in perceptual.state_dict().items() if key in own}
    load_strict(discriminator, own | seen, f"perceptual features of pack {pack}")


def silence_noise(generator: Generator) -> None:
    """Disables noise inputs, which add speckles at these sizes and cannot be inverted."""
    for module in generator.modules():
        if isinstance(module, NoiseInjection):
            module.requires_grad_(False)
