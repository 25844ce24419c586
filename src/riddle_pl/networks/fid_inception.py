"""The Inception network of 2015 on which FID is defined, with the key names of its PyTorch port.

It is torchvision's with three differences of the TensorFlow graph: average pooling does not count the padding, the last
block pools by maximum, and pixels are scaled as (p - 128) / 128.

Sources: Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016; Heusel et al., "GANs
trained by a two time-scale update rule", NeurIPS 2017; port https://github.com/mseitzer/pytorch-fid. Resizing: Parmar
et al., "On aliased resizing and surprising subtleties in GAN evaluation", CVPR 2022.
"""

from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

SIDE = 299
CLASSES = 1008

_AVERAGE = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
_MAXIMUM = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)
_AVERAGED = ("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_7b")
_POOLS = dict.fromkeys(_AVERAGED, _AVERAGE) | {"Mixed_7c": _MAXIMUM}
"""Blocks whose pooling branch differs from torchvision's."""


class FIDInception(nn.Module):
    """Images to the 2048 features that FID compares; random until weights are loaded into ``body``."""

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import inception_v3

        self.body = inception_v3(weights=None, num_classes=CLASSES, aux_logits=False, init_weights=False)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d"]:
        """Images in [-1, 1] of any size: quantised to 8 bits, then resized by antialiased bicubic interpolation."""
        pixels = ((x.float().clamp(-1.0, 1.0) + 1.0) * 127.5).round()
        if pixels.shape[2:] != (SIDE, SIDE):
            pixels = F.interpolate(pixels, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False)
            pixels = pixels.clamp(0.0, 255.0)
        return self.features((pixels - 128.0) / 128.0)

    def features(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d"]:
        """From the scaled image to the last average pooling."""
        for name, block in self.body.named_children():
            if name == "avgpool":
                break
            out = block(x)
            if name in _POOLS:
                branch = block.get_submodule("branch_pool")(_POOLS[name](x))
                out = torch.cat([out[:, : -branch.shape[1]], branch], dim=1)
            x = out
        return x.mean(dim=(2, 3))
