"""Hukkelås et al., "DeepPrivacy: A Generative Adversarial Network for Face Anonymization", ISVC 2019."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from riddle_pl.networks.small_methods.face_maps import KEYPOINTS, face_mask, keypoint_maps
from riddle_pl.networks.small_methods.unet import WIDTHS, ConditionalUNet


class DeepPrivacySmall(nn.Module):
    """A face in place of the hidden one, by what is around it, keypoints and noise.

    Args:
        noise: width of the noise.
        widths: of the U-Net.
    """

    def __init__(self, noise: int = 32, widths: Sequence[int] = WIDTHS):
        super().__init__()
        self.noise = noise
        self.unet = ConditionalUNet(4 + KEYPOINTS, condition=noise, widths=widths)

    def forward(
        self, x: Float[Tensor, "b 3 h h"], labels: Integer[Tensor, "b h h"], z: Float[Tensor, "b k"]
    ) -> Float[Tensor, "b 3 h h"]:
        """Image in [-1, 1]; around ``FACE_BOX`` it is ``x``, and nothing in the box depends on x's pixels there.

        Args:
            x: images in [-1, 1].
            labels: their label maps, of CelebAMask-HQ, for the keypoints.
            z: standard normal noise.
        """
        hidden = face_mask(x.shape[-1]).to(x)
        maps = torch.cat([hidden.expand(len(x), -1, -1, -1), keypoint_maps(labels).to(x.dtype)], dim=1)
        drawn = self.unet(torch.cat([x * (1.0 - hidden), maps], dim=1), z.to(x.dtype))
        return torch.where(hidden > 0, drawn, x)
