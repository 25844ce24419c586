"""A mapping network whose W is Gaussian, exactly: StyleGAN2's eight layers with weights that are set, not learnt.

Every layer ends in a leaky ReLU, which is linear where its input is positive. A bias of :data:`REACH` standard
deviations keeps all inputs positive, so that the chain is f(z) = mean + std z / rms(z). A variational encoder beside
the generator then has the prior that the KL divergence knows, and what T does to a code (it keeps mean and covariance)
stays inside the prior.
"""

import torch

from riddle_pl.networks.stylegan2 import LEAKY_GAIN, EqualizedLinear, Generator, ModulatedConv2d

REACH = 6.0
"""Standard deviations below the mean up to which f is linear."""


@torch.no_grad()
def set_gaussian_mapping(generator: Generator, std: float) -> float:
    """Sets the mapping network so that W has the returned mean and the given standard deviation in every coordinate.

    The network is frozen. Synthesis weights are left alone: see :func:`move_w`.
    """
    layers = [layer for layer in generator.style if isinstance(layer, EqualizedLinear)]
    for index, layer in enumerate(layers):
        factor = 1.0 if index == 0 else 1.0 / LEAKY_GAIN
        if index == len(layers) - 1:
            factor *= std / LEAKY_GAIN
        layer.weight.copy_(torch.eye(*layer.weight.shape) * factor / layer.scale)
        layer.bias.fill_(REACH / layer.lr_mul if index == 0 else 0.0)
    generator.style.requires_grad_(False)
    return REACH * std


@torch.no_grad()
def move_w(generator: Generator, shift: torch.Tensor) -> None:
    """Changes the synthesis network so that it draws at ``w + shift`` what it drew at ``w``.

    Args:
        generator: changed in place.
        shift: (d), the same for all layers.
    """
    for module in generator.modules():
        if isinstance(module, ModulatedConv2d):
            affine = module.modulation
            affine.bias.sub_(affine.scale * affine.weight @ shift / affine.lr_mul)
