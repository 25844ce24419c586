"""StyleGAN2's resampling: zero insertion and a fixed low-pass filter, kept under the public key ``kernel``."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


def fir_kernel(gain: float) -> Float[Tensor, "4 4"]:
    """The separable [1, 3, 3, 1] low-pass filter, normalised to sum to ``gain``."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(taps, taps)
    return kernel * (gain / kernel.sum())


def _filter(x: Tensor, kernel: Tensor) -> Tensor:
    """Depthwise filtering of every channel by one kernel, without padding."""
    channels = x.shape[1]
    return F.conv2d(x, kernel.to(x.dtype).expand(channels, 1, -1, -1), groups=channels)


class _Resample(nn.Module):
    """Holds the FIR kernel as a buffer under the name that public checkpoints use."""

    kernel: Tensor

    def __init__(self, gain: float):
        super().__init__()
        self.register_buffer("kernel", fir_kernel(gain))


class Blur(_Resample):
    """Low-pass after a stride-2 transposed convolution."""

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
        return _filter(F.pad(x, (1, 1, 1, 1)), self.kernel)


class Upsample(_Resample):
    """Doubles the size of an image: zero insertion followed by the low-pass."""

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
        channels = x.shape[1]
        weight = self.kernel.to(x.dtype).expand(channels, 1, -1, -1)
        return F.conv_transpose2d(x, weight, stride=2, padding=1, groups=channels)
