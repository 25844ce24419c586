"""Fuses the batch norms of a trained MobileFaceNet into its convolutions, for faster inference."""

import copy
from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from riddle_pl.networks.mobilefacenet import Bottleneck, ConvBlock

Network = TypeVar("Network", bound=nn.Module)


def fuse_batch_norms(network: Network) -> Network:
    """A frozen copy in evaluation mode, equal up to rounding; other modules are left as they are.

    For loops that call a frozen recogniser many times. Its state dict has other keys: do not save it.
    """
    folded = copy.deepcopy(network).eval()
    for module in list(folded.modules()):
        if isinstance(module, ConvBlock) and isinstance(module.bn, nn.BatchNorm2d):
            module.conv = fuse_conv_bn_eval(module.conv, module.bn)
            module.bn = nn.Identity()
        elif isinstance(module, Bottleneck):
            module.conv = _folded(module.conv)
    return folded.requires_grad_(False)


def _folded(chain: nn.Sequential) -> nn.Sequential:
    """The chain without the norms that follow its convolutions."""
    parts: list[nn.Module] = []
    for part in chain:
        if isinstance(part, nn.BatchNorm2d) and parts and isinstance(parts[-1], nn.Conv2d):
            parts[-1] = fuse_conv_bn_eval(parts[-1], part)
        else:
            parts.append(part)
    return nn.Sequential(*parts)
