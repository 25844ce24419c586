"""Maximov et al., "CIAGAN: Conditional Identity Anonymization Generative Adversarial Networks", CVPR 2020."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor, nn

from riddle_pl.networks.small_methods.face_maps import face_mask, outlines
from riddle_pl.networks.small_methods.unet import WIDTHS, ConditionalUNet


class CiaganSmall(nn.Module):
    """A face in place of the hidden one, by the outlines of its parts and the number of a chosen person.

    Args:
        people: that can be chosen.
        widths: of the U-Net.
    """

    def __init__(self, people: int, widths: Sequence[int] = WIDTHS):
        super().__init__()
        self.people = people
        self.unet = ConditionalUNet(4, condition=people, widths=widths)

    def forward(
        self, x: Float[Tensor, "b 3 h h"], labels: Integer[Tensor, "b h h"], person: Int[Tensor, "b"]
    ) -> Float[Tensor, "b 3 h h"]:
        """Image in [-1, 1]; around ``FACE_BOX`` it is ``x``, and nothing in the box depends on x's pixels there.

        Args:
            x: images in [-1, 1].
            labels: their label maps, of CelebAMask-HQ.
            person: numbers of the people.
        """
        hidden = face_mask(x.shape[-1]).to(x)
        chosen = nn.functional.one_hot(person, self.people).to(x.dtype)
        drawn = self.unet(torch.cat([x * (1.0 - hidden), outlines(labels).to(x.dtype)], dim=1), chosen)
        return torch.where(hidden > 0, drawn, x)
