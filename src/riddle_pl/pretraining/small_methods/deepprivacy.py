"""``recipe=deepprivacy_small``: a small DeepPrivacy."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.face_set import FaceSet, recipe_rng
from riddle_pl.networks.small_methods.deepprivacy import DeepPrivacySmall
from riddle_pl.packs import Pack
from riddle_pl.pretraining.small_methods.inpainting import InpaintingRecipe
from riddle_pl.pretraining.small_methods.recipe import Drawn


class DeepPrivacySmallRecipe(InpaintingRecipe[DeepPrivacySmall]):
    """Hukkelås et al., ISVC 2019, at the pack's size: a face behind the hidden one, told by a discriminator alone.

    Terms: ``adversarial``, ``parts`` and ``colours``, see :class:`InpaintingRecipe`.

    Args:
        noise: width of the noise.
        others: see :class:`SmallMethodRecipe`.
    """

    roles = ("deepprivacy_small",)
    terms = ("parts", "colours")

    def __init__(
        self,
        faces: FaceSet,
        held_out: FaceSet,
        pack: Pack,
        widths: Sequence[int],
        batch: int,
        steps: int,
        seed: int,
        weights: Mapping[str, float],
        learning_rate: float = 1e-3,
        noise: int = 32,
    ):
        network = DeepPrivacySmall(noise, widths)
        super().__init__(faces, held_out, pack, network, widths, batch, steps, seed, learning_rate, weights)

    def draw(self, chosen: Tensor, rng: torch.Generator) -> Drawn:
        x, labels = self.images(chosen), self.labels(chosen)
        drawn = self.network(x, labels, torch.randn(len(x), self.network.noise, generator=rng).to(x))
        return drawn, self.in_place(drawn, x, labels)

    @torch.no_grad()
    def rows(self, x: Float[Tensor, "b 3 h h"]) -> list[Float[Tensor, "b 3 h h"]]:
        """Faces of two noises."""
        labels = self.logits(x).argmax(dim=1)
        z = torch.randn(2, len(x), self.network.noise, generator=recipe_rng(self.seed, -2)).to(x)
        return [self.average.module(x, labels, noise) for noise in z]

    @property
    def args(self) -> dict[str, Any]:
        return {"noise": self.network.noise, "widths": self.widths}

    @property
    def description(self) -> str:
        size = self.faces.images.shape[-1]
        return f"""
A small re-implementation of DeepPrivacy (Hukkelås et al., "DeepPrivacy: A Generative Adversarial Network for Face
Anonymization", ISVC 2019) at {size} px, from the facts of the paper, for `riddle-eval method=deepprivacy_small`.
**It is not the authors' network, and its figures are not theirs.** As in the paper: the face is cut out before the
network sees it, and a U-Net paints another one from what is around it, keypoints and noise. Unlike it: half a million
weights, noise that scales and shifts maps of all sizes, keypoints of the pack's parser (two eyes, nose, mouth) in
place of a detector's seven, a fixed box in the aligned face, no progressive growing, R1 in place of WGAN-GP, a term
on coarse colours, minutes of training in place of days.

Trained on {self.faces.sources()}. LFW is not among them.
"""
