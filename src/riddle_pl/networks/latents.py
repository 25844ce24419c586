"""Shape checks of encryptor inputs, and style mixing."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def check_latents(w: Tensor, w_pwd: Tensor, num_layers: int) -> None:
    """Checks that codes and password latents (b, n, d) are for an encryptor of ``num_layers`` layers.

    Raises:
        ValueError: another number of layers, or two different shapes.
    """
    if w.shape[1] != num_layers:
        raise ValueError(f"w has {w.shape[1]} layers; this encryptor was made for {num_layers}")
    if w.shape != w_pwd.shape:
        raise ValueError(f"w_pwd has shape {tuple(w_pwd.shape)}; expected that of w, {tuple(w.shape)}")


def mix_styles(
    first: Float[Tensor, "b d"], second: Float[Tensor, "b d"], crossover: Int[Tensor, "b 1"], num_layers: int
) -> Float[Tensor, "b n d"]:
    """W+ codes with ``first`` in the layers below ``crossover`` and ``second`` from there on (style mixing).

    A crossover of ``num_layers`` or more leaves ``first`` alone.
    """
    from_second = torch.arange(num_layers, device=first.device)[None] >= crossover
    return torch.where(from_second[:, :, None], second[:, None], first[:, None])
