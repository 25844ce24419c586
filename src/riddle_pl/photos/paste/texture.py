"""The fine structure of skin, for skin that was filled smoothly."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.photos.paste.mask import blur, shrink

FINE = 0.007
"""Deviation of the blur that pores and grain do not survive, as a share of the side."""
LARGEST = 1.5
"""Of fine structure, in standard deviations (robust): what is larger is a wrinkle or an edge."""


def skin_texture(x: Float[Tensor, "1 3 s s"], skin: Bool[Tensor, "s s"]) -> Float[Tensor, "1 3 s s"]:
    """Noise with the spectrum of the fine structure of an image's skin, the same for one image; 0 if there is none.

    That of the skin, convolved with white noise. Source: Galerne, Gousseau, Morel, "Random Phase Textures: Theory and
    Synthesis", IEEE Transactions on Image Processing 2011 (asymptotic discrete spot noise).

    Args:
        x: an image.
        skin: where its skin is known.
    """
    side = x.shape[-1]
    plain = shrink(skin[None, None].float(), round(2 * FINE * side))  # not the halo of brows and hair
    if not bool(plain.any()):
        return torch.zeros_like(x)
    fine = x - blur(x, FINE * side)
    most = LARGEST / 0.6745 * fine[..., plain[0, 0] > 0].abs().median(dim=-1).values[..., None, None]
    fine = fine.clamp(-most, most) * plain
    noise = torch.randn(side, side, generator=torch.Generator().manual_seed(0))
    spectrum = torch.fft.rfft2(fine) * torch.fft.rfft2(noise)
    texture: Tensor = torch.fft.irfft2(spectrum, s=(side, side)) / plain.sum().sqrt()
    return texture
