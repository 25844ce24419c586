"""dlib's ResNet face recogniser: a judge of another family and source than the pack's networks (extra ``[dlib]``)."""

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation import dlib_jobs
from riddle_pl.evaluation.pictures import to_pictures

LFW_COSINE_THRESHOLD = 0.926
"""Cosine that 1 in 1000 pairs of different people exceed (404,550 pairs of 900 people of LFW at 64 px); it accepts 92 %
of 150 pairs of the same person. Embeddings of all faces point roughly one way: two people have 0.84 on average.
"""

EXTRA = dlib_jobs.EXTRA


class DlibRecogniser:
    """Embeds aligned images; the cosine of two embeddings tells whether they show one person. Runs on the CPU."""

    name = "dlib"

    @staticmethod
    def available() -> bool:
        """Whether the extra is installed."""
        return dlib_jobs.available()

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 128"]:
        """Embeddings (not normalised; of length about 1.4) of FFHQ-aligned images in [-1, 1].

        Raises:
            ConfigError: the extra is not installed, or its model files are damaged.
        """
        return torch.from_numpy(dlib_jobs.embed(to_pictures(x, dlib_jobs.CANVAS)))
