"""Whether steps along one recogniser's gradient also lower the cosine by other recognisers (transfer)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.judging.recognisers import Recogniser
from riddle_pl.losses.identity import cosine
from riddle_pl.networks.generator import FaceGenerator


class Descent(NamedTuple):
    """Cosines to the reference after 0, 1, 2, ... steps."""

    own: Float[Tensor, "s n"]
    """By the recogniser whose gradient is used."""
    others: dict[str, Float[Tensor, "s n"]]
    """By the other recognisers."""
    moved: Float[Tensor, "s"]
    """Distance from the start, in standard deviations of W."""


def descend(
    recogniser: nn.Module,
    judges: Sequence[Recogniser],
    generator: FaceGenerator,
    w: Float[Tensor, "n k 512"],
    reference: Float[Tensor, "n 3 h h"],
    steps: int,
    length: float,
    deviation: float,
) -> Descent:
    """Gradient descent on the recogniser's cosine to ``reference``, with normalised steps.

    Args:
        recogniser: whose gradient is used.
        judges: recognisers whose cosines are recorded, without a gradient.
        generator: G.
        w: initial codes.
        reference: images that the cosines are taken to.
        steps: how many.
        length: of a step: root mean square over a code's entries, in standard deviations of W.
        deviation: standard deviation of W.
    """
    with torch.no_grad():
        known = recogniser(reference)
    known_by = {judge.name: F.normalize(judge.embed(reference.cpu()).float(), dim=1) for judge in judges}
    start, own, moved = w, [], []
    others: dict[str, list[Tensor]] = {judge.name: [] for judge in judges}
    for step in range(steps + 1):
        w = w.detach().requires_grad_(True)
        image = generator(w)
        similarity = cosine(recogniser(image), known)
        own.append(similarity.detach().cpu())
        moved.append(float((w.detach() - start).square().mean().sqrt() / deviation))
        drawn = image.detach().clamp(-1.0, 1.0).float().cpu()
        for judge in judges:
            rows = F.normalize(judge.embed(drawn).float(), dim=1)
            others[judge.name].append((rows * known_by[judge.name]).sum(dim=1))
        if step < steps:
            (gradient,) = torch.autograd.grad(similarity.sum(), w)
            size = gradient.square().mean(dim=(1, 2), keepdim=True).sqrt().clamp_min(1e-12)
            w = w - length * deviation * gradient / size
    return Descent(torch.stack(own), {name: torch.stack(rows) for name, rows in others.items()}, torch.tensor(moved))
