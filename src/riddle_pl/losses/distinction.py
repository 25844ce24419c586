"""Distinction (beyond the paper): all generated faces of a step have different identities."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.features import StepFeatures
from riddle_pl.losses.identity import hinge
from riddle_pl.losses.term import MarginTerm


def distinction_loss(drawn: Float[Tensor, "n d"], margin: float = 0.1, squared: bool = False) -> Float[Tensor, ""]:
    """Mean of max(0, cos - margin), squared or not, over all pairs of ``drawn``; 0 if there is no pair.

    The other terms compare images of one photo. Without this one, an encryptor that generates only a few identities
    for all photos and passwords has a low loss. Larger batches detect this better.

    >>> drawn = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(distinction_loss(drawn, margin=0.0).item(), 4)  # one pair of three has the same identity
    0.3333

    Source of the idea: uniformity on the sphere, Wang and Isola, ICML 2020.
    """
    drawn = F.normalize(drawn, dim=1)
    first, second = torch.triu_indices(len(drawn), len(drawn), offset=1, device=drawn.device)
    return hinge((drawn @ drawn.T)[first, second], margin, squared).sum() / max(len(first), 1)


class DistinctionLoss(MarginTerm):
    """:func:`distinction_loss` of all encryptions and wrong decryptions of a step, of all processes together."""

    image_names = ("x_enc1", "x_enc2", "x_wrong1", "x_wrong2")

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        drawn = torch.cat([self.embedding(step, name) for name in self.image_names])
        return distinction_loss(self.together(drawn), self.margin, self.squared)
