"""Random codes for recipes with a trained generator."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.latents import mix_styles


def random_codes(
    generator: nn.Module, count: int, rng: torch.Generator, device: torch.device | str
) -> Float[Tensor, "c n 512"]:
    """Random W+ codes, about half with style mixing.

    Args:
        generator: a pack's; its mapping network and number of layers are used.
        count: of codes.
        rng: on the CPU; determines the codes.
        device: where the generator is.
    """
    z = torch.randn(2 * count, 512, generator=rng).to(device)
    first, second = generator.mapping(z).chunk(2)  # type: ignore[operator]  # module typed loosely by the pack
    layers = int(generator.num_layers)  # type: ignore[arg-type]  # module typed loosely by the pack
    crossover = torch.randint(1, 2 * layers, (count, 1), generator=rng).to(device)
    return mix_styles(first, second, crossover, layers)
