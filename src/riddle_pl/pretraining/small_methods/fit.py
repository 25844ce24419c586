"""``recipe=fit_small``: a small Face Identity Transformer."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.face_set import FaceSet, recipe_rng, to_float
from riddle_pl.losses.identity import cosine
from riddle_pl.losses.views import RandomViews
from riddle_pl.networks.small_methods.face_maps import face_mask
from riddle_pl.networks.small_methods.fit import FitSmall
from riddle_pl.packs import Pack
from riddle_pl.pretraining.small_methods.recipe import MEASURED, Drawn, SmallMethodRecipe


def random_bits(count: int, bits: int, rng: torch.Generator) -> Float[Tensor, "count bits"]:
    """Passwords: bits of -1 and 1."""
    return 2.0 * torch.randint(2, (count, bits), generator=rng).float() - 1.0


class FitSmallRecipe(SmallMethodRecipe[FitSmall]):
    """Gu et al., ECCV 2020, at the pack's size.

    Terms: ``apart``, squared cosines above 0 of the pairs that are to be different people (original, two encryptions,
    two wrong recoveries); ``recovery``, L1 of the right recovery, and ``identity``, 1 - its cosine with the original;
    ``background``, L1 of encryptions and wrong recoveries around the face, and ``parts``, the cross-entropy of the
    original's label map in them, by the pack's parser. The recogniser sees random views, without which stripes that
    only it sees are enough to be other people.

    Args:
        bits: of a password.
        others: see :class:`SmallMethodRecipe`.
    """

    roles = ("fit_small",)
    terms = ("apart", "recovery", "identity", "background", "parts")

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
        bits: int = 16,
    ):
        network = FitSmall(bits, widths)
        super().__init__(faces, held_out, pack, network, widths, batch, steps, seed, learning_rate, weights)
        self.views = RandomViews(count=1)
        self.around = (1.0 - face_mask(pack.size),)

    def draw(self, chosen: Tensor, rng: torch.Generator) -> Drawn:
        x = self.images(chosen)
        p1, p2, q1, q2 = random_bits(4 * len(x), self.network.bits, rng).to(x).chunk(4)
        x_enc1, x_enc2 = self.network(x.repeat(2, 1, 1, 1), torch.cat([p1, p2])).chunk(2)
        x_dec, x_wrong1, x_wrong2 = self.network(x_enc1.repeat(3, 1, 1, 1), -torch.cat([p1, q1, q2])).chunk(3)
        [view] = self.views.draw(len(x), rng)
        seen = self.embed(view(torch.cat([x, x_enc1, x_enc2, x_dec, x_wrong1, x_wrong2])))
        original, enc1, enc2, dec, wrong1, wrong2 = seen.chunk(6)
        pairs = [
            (enc1, original), (enc2, original), (enc1, enc2),
            (wrong1, original), (wrong2, original), (wrong1, enc1), (wrong2, enc1), (wrong1, wrong2),
        ]  # fmt: skip
        shown = torch.cat([x_enc1, x_wrong1])
        with torch.no_grad():
            labels = self.logits(x).argmax(dim=1)
        terms = {
            "apart": torch.stack([cosine(a, b).relu().square().mean() for a, b in pairs]).sum(),
            "recovery": F.l1_loss(x_dec.float(), x),
            "identity": (1.0 - cosine(dec, original)).mean(),
            "background": F.l1_loss(shown.float() * self.around[0].to(x), x.repeat(2, 1, 1, 1) * self.around[0].to(x)),
            "parts": F.cross_entropy(self.logits(shown), labels.repeat(2, 1, 1)),
        }
        return shown, terms

    @torch.no_grad()
    def rows(self, x: Float[Tensor, "b 3 h h"]) -> list[Float[Tensor, "b 3 h h"]]:
        """Two encryptions, the recovery of the first, and what a wrong password makes of it."""
        network = self.average.module
        p1, p2, q = random_bits(3 * len(x), self.network.bits, recipe_rng(self.seed, -2)).to(x).chunk(3)
        x_enc = network(x, p1)
        return [x_enc, network(x, p2), network(x_enc, -p1), network(x_enc, -q)]

    @torch.no_grad()
    def figures(self) -> Mapping[str, float]:
        """Cosines of the pack's recogniser, which the network was trained with."""
        x = to_float(self.held_out.images[:MEASURED].to(self.device))
        x_enc, _, x_dec, x_wrong = self.rows(x)
        original = self.embed(x)
        of = {"encryption": x_enc, "recovery": x_dec, "wrong recovery": x_wrong}
        told = f"with the original, {len(x)} held-out faces, the recogniser of the loss"
        return {f"cosine of the {name} {told}": float(cosine(self.embed(y), original).mean()) for name, y in of.items()}

    @property
    def args(self) -> dict[str, Any]:
        return {"bits": self.network.bits, "widths": self.widths}

    @property
    def description(self) -> str:
        size = self.faces.images.shape[-1]
        return f"""
A small re-implementation of the Face Identity Transformer (Gu et al., "Password-conditioned Anonymization and
Deanonymization with Face Identity Transformers", ECCV 2020) at {size} px, from the facts of the paper, for
`riddle-eval method=fit_small`. **It is not the authors' network, and its figures are not theirs.** As in the paper:
one network both ways, {self.network.bits} bits repeated over the pixels, the negated bits recover, terms that
keep the original, encryptions and wrong recoveries apart, a discriminator. Unlike it: a U-Net of half a million
weights that draws the change of the image, a term that keeps the parts of the face in place, random views for the
recogniser, no network that reads the password from the images, hours of training in place of days.

Trained on {self.faces.sources()}. LFW is not among them.
"""
