"""A recogniser whose embeddings are averaged over the face and its mirror image."""

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.judging.recognisers import Recogniser


class MirroredRecogniser(Recogniser):
    """Adds the embeddings of a face and of its mirror image.

    A face and its mirror image show one person, and what the recogniser errs in on one of them averages out. It takes
    twice the time. Benchmarks of recognisers on the pairs of LFW are commonly given this way, so their figures are to
    be compared with this one and not with those of a single look.

    Args:
        looks: the recogniser that embeds both.

    Source: ``eval/verification.py`` of InsightFace (Deng et al., "ArcFace", CVPR 2019).
    """

    def __init__(self, looks: Recogniser):
        self.looks = looks
        self.name = f"{looks.name}_mirrored"
        self.note = looks.note

    @property
    def fingerprint(self) -> str:
        return f"{self.looks.fingerprint}, mirror image added"

    @property
    def used_in_training_loss(self) -> bool:
        return self.looks.used_in_training_loss

    def missing(self) -> str | None:
        return self.looks.missing()

    def close(self) -> None:
        self.looks.close()

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        there, back = self.looks.embed(torch.cat([x, x.flip(-1)])).chunk(2)
        return there + back
