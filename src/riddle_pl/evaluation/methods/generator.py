"""The generator of a pack, ready to make images."""

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.device import resolve_device
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import Pack


def load_generator(pack: Pack, device: str) -> FaceGenerator:
    """The generator on its device.

    Raises:
        PackError: missing or damaged, or a network of another kind.
    """
    return pack.generator().to(resolve_device(device))


@torch.no_grad()
def synthesise(generator: FaceGenerator, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b 3 h h"]:
    """Images in [-1, 1] on the CPU."""
    x: Tensor = generator(w).clamp(-1.0, 1.0).float().cpu()
    return x
