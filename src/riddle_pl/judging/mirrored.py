"""A recogniser whose embeddings are averaged over the face and its mirror image."""

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.judging.recognisers import Recogniser


class MirroredRecogniser(Recogniser):
    """Adds the embeddings of a face and of its mirror image (flip augmentation).

    Published accuracies on LFW commonly use it, and are to be compared with this one. It takes twice the time.

    Args:
        recogniser: embeds both.

    Source: ``eval/verification.py`` of InsightFace (Deng et al., "ArcFace", CVPR 2019).
    """

    def __init__(self, recogniser: Recogniser):
        self.recogniser = recogniser
        self.name = f"{recogniser.name}_mirrored"
        self.note = recogniser.note

    @property
    def fingerprint(self) -> str:
        return f"{self.recogniser.fingerprint}, mirror image added"

    @property
    def used_in_training_loss(self) -> bool:
        return self.recogniser.used_in_training_loss

    def missing(self) -> str | None:
        return self.recogniser.missing()

    def close(self) -> None:
        self.recogniser.close()

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        there, back = self.recogniser.embed(torch.cat([x, x.flip(-1)])).chunk(2)
        return there + back
