"""The generator as the common PyTorch port computes it, for the plain step of ``benchmarks.training_step``.

The same function and parameters as ``networks.stylegan2``, in the operations that the authors' code runs on a CPU:
modulated convolutions in the fused form; noise, bias, activation and gain one after the other on the feature maps;
the low-pass filter as one-channel convolutions over all channels as a batch (the port's ``upfirdn2d_native``); maps in
PyTorch's default memory layout; weights not frozen. Source: github.com/rosinality/stylegan2-pytorch, model.py and op/.
"""

import copy
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.resample import Blur
from riddle_pl.networks.stylegan2 import (
    LEAKY_GAIN,
    LEAKY_SLOPE,
    ConstantInput,
    Generator,
    ModulatedConv2d,
    ModulatedToFew,
    StyledConv,
)


class FusedModulatedConv2d(nn.Module):
    """A modulated convolution as one grouped convolution with a weight per sample; shares the parameters of ``conv``.

    Source: the fused form of Karras et al. (CVPR 2020), section 2.2: w''_ijk = s_i w_ijk / sqrt(Σ (s_i w_ijk)² + ε).
    """

    def __init__(self, conv: ModulatedConv2d):
        super().__init__()
        self.conv = conv

    def forward(self, x: Float[Tensor, "b i h w"], style: Float[Tensor, "b d"]) -> Float[Tensor, "b o h2 w2"]:
        conv = self.conv
        batch, channels, height, width = x.shape
        weight = conv.weight * conv.scale * conv.modulation(style)[:, None, :, None, None]  # b o i k k
        if conv.demodulate:
            weight = weight * torch.rsqrt(weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
        x = x.reshape(1, batch * channels, height, width)
        if conv.upsample:
            transposed = weight.transpose(1, 2).flatten(0, 1)
            x = F.conv_transpose2d(x, transposed, stride=2, groups=batch)
            return port_blur(conv.blur, x.reshape(batch, -1, *x.shape[2:]))
        x = F.conv2d(x, weight.flatten(0, 1), padding=conv.padding, groups=batch)
        return x.reshape(batch, -1, height, width)


def port_blur(blur: Blur, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
    """The blur with every channel of every sample as an image; ours on a GPU, where the port has its own kernel."""
    out: Tensor
    if x.device.type == "cpu":
        images = F.pad(x, (1, 1, 1, 1)).flatten(0, 1)[:, None]
        out = F.conv2d(images, blur.kernel.to(x.dtype)[None, None])
        return out.reshape(*x.shape[:2], *out.shape[2:])
    out = blur(x)
    return out


class StepwiseStyledConv(nn.Module):
    """Fused modulated convolution, then noise, bias, leaky ReLU and gain, each a new feature map."""

    def __init__(self, styled: StyledConv):
        super().__init__()
        self.conv = FusedModulatedConv2d(styled.conv)
        self.noise = styled.noise
        self.activate = styled.activate

    def forward(
        self, x: Float[Tensor, "b i h w"], style: Float[Tensor, "b d"], noise: Float[Tensor, "#b 1 h2 w2"]
    ) -> Float[Tensor, "b o h2 w2"]:
        x = self.conv(x, style)
        x = x + self.noise.weight * noise
        x = F.leaky_relu(x + self.activate.bias[:, None, None], LEAKY_SLOPE)
        return x * LEAKY_GAIN


class RepeatedInput(nn.Module):
    """The learned 4x4 input, repeated in PyTorch's default memory layout."""

    def __init__(self, constant: ConstantInput):
        super().__init__()
        self.input = constant.input

    def forward(self, batch: int) -> Float[Tensor, "b c 4 4"]:
        return self.input.repeat(batch, 1, 1, 1)


PORT_FORMS: Mapping[type[nn.Module], Callable[..., nn.Module]] = {
    StyledConv: StepwiseStyledConv,
    ModulatedToFew: FusedModulatedConv2d,
    ConstantInput: RepeatedInput,
}


def port_form(generator: Generator) -> Generator:
    """A copy of ``generator`` with the port's operations, its weights not frozen: the same function."""
    ported = copy.deepcopy(generator).requires_grad_(True)
    for module in list(ported.modules()):
        for name, child in list(module.named_children()):
            if type(child) in PORT_FORMS:
                setattr(module, name, PORT_FORMS[type(child)](child))
    return ported
