"""StyleGAN2 generator (Karras et al., CVPR 2020) in plain PyTorch, for any power-of-two size.

The state dict has the key names of the common PyTorch port, so its public ``g_ema`` weights load strictly.
Modulated convolutions scale the activations before and after one ordinary convolution: the same function as a
convolution with per-sample weights, but with a far cheaper backward pass (one weight gradient, none when frozen).
"""

import math
from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.code_size import num_layers
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.networks.resample import Blur, Upsample

PUBLIC_CHANNELS: Mapping[int, int] = {
    4: 512,
    8: 512,
    16: 512,
    32: 512,
    64: 512,
    128: 256,
    256: 128,
    512: 64,
    1024: 32,
}
"""Feature maps per resolution of the public 256 and 1024 px checkpoints (channel multiplier 2)."""

LEAKY_SLOPE = 0.2
LEAKY_GAIN = math.sqrt(2.0)


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, LEAKY_SLOPE) * LEAKY_GAIN


class PixelNorm(nn.Module):
    """Scales each vector to unit root mean square: only the direction of z matters."""

    def forward(self, x: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


class EqualizedLinear(nn.Module):
    """Linear layer whose weight has unit variance and is scaled at run time (equalised learning rate)."""

    def __init__(self, in_dim: int, out_dim: int, bias_init: float = 0.0, lr_mul: float = 1.0, activate: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_dim, in_dim) / lr_mul)
        self.bias = nn.Parameter(torch.full((out_dim,), bias_init))
        self.scale = lr_mul / math.sqrt(in_dim)
        self.lr_mul = lr_mul
        self.activate = activate

    def forward(self, x: Float[Tensor, "b i"]) -> Float[Tensor, "b o"]:
        out = F.linear(x, self.weight * self.scale, self.bias * self.lr_mul)
        return _leaky(out) if self.activate else out


class ModulatedConv2d(nn.Module):
    """Convolution whose input channels are scaled by a style, and whose output is normalised (demodulated)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        style_dim: int,
        demodulate: bool = True,
        upsample: bool = False,
        gain: float = 1.0,
    ):
        super().__init__()
        self.gain = gain
        self.weight = nn.Parameter(torch.randn(1, out_channels, in_channels, kernel_size, kernel_size))
        self.modulation = EqualizedLinear(style_dim, in_channels, bias_init=1.0)
        self.scale = 1.0 / math.sqrt(in_channels * kernel_size**2)
        self.padding = kernel_size // 2
        self.demodulate = demodulate
        self.upsample = upsample
        if upsample:
            self.blur = Blur(gain=4.0)

    def forward(self, x: Float[Tensor, "b i h w"], style: Float[Tensor, "b d"]) -> Float[Tensor, "b o h2 w2"]:
        s = self.modulation(style)
        weight = self.weight[0] * self.scale
        x = x * s.to(x.dtype)[:, :, None, None]
        if self.upsample:
            x = self.blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))
        else:
            x = F.conv2d(x, weight, padding=self.padding)
        if self.demodulate:
            precise = torch.promote_types(s.dtype, torch.float32)  # squares overflow in half precision
            energy = F.linear(s.to(precise).square(), weight.to(precise).square().sum(dim=(2, 3)))
            x = x * (self.gain * torch.rsqrt(energy + 1e-8)).to(x.dtype)[:, :, None, None]
        return x


class ModulatedToFew(ModulatedConv2d):
    """A modulated 1x1 convolution to few channels, not demodulated.

    With few outputs the per-sample weights are small and the input is large, so here the weights are scaled: one matrix
    product per sample, and no scaled copy of the input to keep for the backward pass.
    """

    def __init__(self, in_channels: int, out_channels: int, style_dim: int):
        super().__init__(in_channels, out_channels, 1, style_dim, demodulate=False)

    def forward(self, x: Float[Tensor, "b i h w"], style: Float[Tensor, "b d"]) -> Float[Tensor, "b o h w"]:
        weight = self.weight[0, :, :, 0, 0] * self.scale * self.modulation(style)[:, None]  # b o i
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2)
        out: Tensor = pixels @ weight.to(x.dtype).transpose(1, 2)
        return out.reshape(x.shape[0], *x.shape[2:], -1).permute(0, 3, 1, 2)


class NoiseInjection(nn.Module):
    """Adds one noise map to every channel, with a learned strength times a fixed gain; overwrites its input."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Float[Tensor, "b c h w"], noise: Float[Tensor, "#b 1 h w"]) -> Float[Tensor, "b c h w"]:
        return x.add_((self.gain * self.weight * noise).to(x.dtype))


class BiasedLeakyReLU(nn.Module):
    """Channel bias times a fixed gain, then leaky ReLU; overwrites its input."""

    def __init__(self, channels: int, gain: float = 1.0):
        super().__init__()
        self.gain = gain
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        x = x.add_((self.gain * self.bias).to(x.dtype)[:, None, None])
        return F.leaky_relu_(x, LEAKY_SLOPE)


class StyledConv(nn.Module):
    """Modulated 3x3 convolution, noise, bias and activation.

    The gain that follows the leaky ReLU commutes with it. It is applied to the demodulation factors, the noise
    strength and the bias, which are small, instead of to the feature maps. Noise, bias and activation overwrite the
    demodulated map, which no backward pass needs: one large map to allocate and keep instead of four.
    """

    def __init__(self, in_channels: int, out_channels: int, style_dim: int, upsample: bool = False):
        super().__init__()
        self.conv = ModulatedConv2d(in_channels, out_channels, 3, style_dim, upsample=upsample, gain=LEAKY_GAIN)
        self.noise = NoiseInjection(gain=LEAKY_GAIN)
        self.activate = BiasedLeakyReLU(out_channels, gain=LEAKY_GAIN)

    def forward(
        self, x: Float[Tensor, "b i h w"], style: Float[Tensor, "b d"], noise: Float[Tensor, "#b 1 h2 w2"]
    ) -> Float[Tensor, "b o h2 w2"]:
        out: Tensor = self.activate(self.noise(self.conv(x, style), noise))
        return out


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to RGB, added to the upsampled image of the previous resolution."""

    def __init__(self, in_channels: int, style_dim: int, upsample: bool = True):
        super().__init__()
        self.conv = ModulatedToFew(in_channels, 3, style_dim)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        if upsample:
            self.upsample = Upsample(gain=4.0)

    def forward(
        self, x: Float[Tensor, "b i h w"], style: Float[Tensor, "b d"], skip: Float[Tensor, "b 3 h2 w2"] | None = None
    ) -> Float[Tensor, "b 3 h w"]:
        out: Tensor = self.conv(x, style) + self.bias
        return out if skip is None else out + self.upsample(skip)


class ConstantInput(nn.Module):
    """The learned 4x4 input, the same for every image."""

    def __init__(self, channels: int):
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))

    def forward(self, batch: int) -> Float[Tensor, "b c 4 4"]:
        return self.input.expand(batch, -1, -1, -1).contiguous(memory_format=torch.channels_last)


class _NoiseMaps(nn.Module):
    """Buffers ``noise_0 .. noise_{n-2}``: the stored noise that makes synthesis deterministic."""

    def __init__(self, size: int):
        super().__init__()
        for layer in range(num_layers(size) - 1):
            side = 2 ** ((layer + 5) // 2)
            self.register_buffer(f"noise_{layer}", torch.randn(1, 1, side, side))

    def stored(self) -> list[Tensor]:
        return list(self.buffers())

    def random_like(self, batch: int) -> list[Tensor]:
        return [noise.new_empty(batch, *noise.shape[1:]).normal_() for noise in self.buffers()]


class Generator(FaceGenerator):
    """StyleGAN2: mapping network f(z) -> w and synthesis G(w) -> image.

    Args:
        size: image side in pixels, a power of two.
        channels: feature maps per resolution; the public ones by default.
        style_dim: width of z and w.
        mapping_layers: depth of the mapping network (8 in every public checkpoint).

    Source: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020.
    """

    def __init__(
        self,
        size: int,
        channels: Mapping[int, int] | None = None,
        style_dim: int = 512,
        mapping_layers: int = 8,
    ):
        super().__init__()
        self.size = size
        self.style_dim = style_dim
        self.num_layers = num_layers(size)
        sides = [2**k for k in range(2, int(math.log2(size)) + 1)]
        widths = {int(side): width for side, width in (channels or PUBLIC_CHANNELS).items()}
        if missing := [side for side in sides if side not in widths]:
            raise ValueError(f"channels lack the resolutions {missing} of a {size} px generator; given: {widths}")

        self.style: nn.Sequential = nn.Sequential(
            PixelNorm(),
            *(EqualizedLinear(style_dim, style_dim, lr_mul=0.01, activate=True) for _ in range(mapping_layers)),
        )
        self.input = ConstantInput(widths[4])
        self.conv1 = StyledConv(widths[4], widths[4], style_dim)
        self.to_rgb1 = ToRGB(widths[4], style_dim, upsample=False)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        self.noises = _NoiseMaps(size)
        for previous, side in pairwise(sides):
            self.convs.append(StyledConv(widths[previous], widths[side], style_dim, upsample=True))
            self.convs.append(StyledConv(widths[side], widths[side], style_dim))
            self.to_rgbs.append(ToRGB(widths[side], style_dim))

    def forward(self, w: Float[Tensor, "b n d"], random_noise: bool = False) -> Float[Tensor, "b 3 h w"]:
        """Synthesis from W+ codes; about [-1, 1], not clamped.

        Args:
            w: one code per layer.
            random_noise: draw fresh noise maps instead of the stored ones (training of the generator only).

        Raises:
            ValueError: ``w`` is for another number of layers.
        """
        w = self.accept(w)
        noise = self.noises.random_like(w.shape[0]) if random_noise else self.noises.stored()
        x = self.conv1(self.input(w.shape[0]), w[:, 0], noise[0])
        image: Tensor = self.to_rgb1(x, w[:, 1])
        for level, to_rgb in enumerate(self.to_rgbs):
            first = 2 * level + 1
            x = self.convs[2 * level](x, w[:, first], noise[first])
            x = self.convs[2 * level + 1](x, w[:, first + 1], noise[first + 1])
            image = to_rgb(x, w[:, first + 2], image)
        return image
