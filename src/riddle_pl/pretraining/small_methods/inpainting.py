"""What the recipes of CIAGAN and DeepPrivacy share: label maps of the faces, and parts that stay in place."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from riddle_pl.data.face_set import to_float
from riddle_pl.losses.identity import cosine
from riddle_pl.networks.small_methods.face_maps import face_mask
from riddle_pl.pretraining.average import Network
from riddle_pl.pretraining.small_methods.recipe import MEASURED, SmallMethodRecipe

COLOURS = 8
"""Squares along the side of an image, whose mean colours are compared."""


class InpaintingRecipe(SmallMethodRecipe[Network]):
    """A face in the hidden box, by the label map of the old one.

    ``parts`` is the cross-entropy of the label map that the pack's parser finds in the new face. In both papers the
    discriminator sees landmarks; here the parser tells whether the parts are in place. ``colours``, which neither paper
    has, is L1 between the old and the new face as 8 x 8 colours: skin and light fit after minutes.
    """

    def setup(self, stage: str) -> None:
        """Label maps of the training faces, which an export alone does not need."""
        self._labels = (self.labels_of(self.faces.images),)

    def labels(self, chosen: Tensor) -> UInt8[Tensor, "b h h"]:
        """Label maps of training faces, on the device."""
        return self._labels[0][chosen].to(self.device)

    def parts(self, drawn: Float[Tensor, "b 3 h h"], labels: UInt8[Tensor, "b h h"]) -> Float[Tensor, ""]:
        """Mean cross-entropy, in the box, of the drawn faces' label maps."""
        losses = F.cross_entropy(self.logits(drawn), labels.long(), reduction="none")
        hidden = face_mask(losses.shape[-1])[:, 0].to(losses.device) > 0
        return losses[hidden.expand_as(losses)].mean()

    def in_place(
        self, drawn: Float[Tensor, "b 3 h h"], x: Float[Tensor, "b 3 h h"], labels: UInt8[Tensor, "b h h"]
    ) -> dict[str, Tensor]:
        """The terms ``parts`` and ``colours``."""
        now, before = (F.adaptive_avg_pool2d(image.float(), COLOURS) for image in (drawn, x))
        return {"parts": self.parts(drawn, labels), "colours": F.l1_loss(now, before)}

    @torch.no_grad()
    def figures(self) -> Mapping[str, float]:
        """Cosines of the pack's recogniser."""
        images = self.held_out.images[:MEASURED]
        x = to_float(images.to(self.device))
        first, second, *_ = self.rows(x)
        told = f"{len(x)} held-out faces, the pack's recogniser"
        one, other = self.embed(first), self.embed(second)
        return {
            f"cosine with the original, {told}": float(cosine(one, self.embed(x)).mean()),
            f"cosine of two faces in one place, {told}": float(cosine(one, other).mean()),
        }
