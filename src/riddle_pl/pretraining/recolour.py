"""Random backgrounds, light, colours and sharpness for the parser's training images; from a generator of their own."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor


def fill_background(
    x: Float[Tensor, "b 3 h w"], where: Bool[Tensor, "b h w"], rng: torch.Generator
) -> Float[Tensor, "b 3 h w"]:
    """Replaces the marked pixels by a smooth field of random colours and a little grain."""
    batch, _, height, width = x.shape
    colour = 2.0 * torch.rand(batch, 3, 1, 1, generator=rng) - 1.0
    clouds = torch.rand(batch, 1, 1, 1, generator=rng) * torch.randn(batch, 3, 4, 4, generator=rng)
    field = colour + F.interpolate(clouds, (height, width), mode="bicubic", align_corners=False)
    grain = 0.1 * torch.rand(batch, 1, 1, 1, generator=rng) * torch.randn(batch, 3, height, width, generator=rng)
    return torch.where(where[:, None], (field + grain).clamp(-1.0, 1.0), x)


def augmented_pixels(x: Float[Tensor, "b 3 h w"], rng: torch.Generator) -> Float[Tensor, "b 3 h w"]:
    """Random colour cast, saturation, contrast and brightness; a third of the images blurred, a little grain."""
    batch = x.shape[0]

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        return low + (high - low) * torch.rand(batch, channels, 1, 1, generator=rng)

    grey = x.mean(dim=1, keepdim=True)
    x = grey + (x - grey) * uniform(0.0, 1.8)
    x = x * uniform(0.85, 1.15, channels=3) + uniform(-0.1, 0.1, channels=3)
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    x = mean + (x - mean) * uniform(0.6, 1.4) + uniform(-0.35, 0.35)
    soft = F.avg_pool2d(F.pad(x, [1] * 4, mode="replicate"), 3, stride=1)
    x = torch.where(uniform(0.0, 1.0) < 0.33, soft, x)
    return x + uniform(0.0, 0.08) * torch.randn(x.shape, generator=rng)
