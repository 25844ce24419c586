"""dlib's ResNet face recogniser: independent of the pack's networks (extra ``[dlib]``)."""

from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.device import resolve_device
from riddle_pl.errors import ConfigError
from riddle_pl.faces.pixels import to_pictures
from riddle_pl.judging import dlib_jobs
from riddle_pl.judging.recognisers import Recogniser
from riddle_pl.networks.dlib_resnet import load_dlib_resnet

LFW_COSINE_THRESHOLD = 0.926
"""Cosine that 1 in 1000 pairs of different people exceed (404,550 pairs of 900 people of LFW at 64 px); it accepts 92 %
of 150 pairs of the same person. At 128 px 9.3 in 10,000 pairs exceed it (244,650 pairs of 700 people). Embeddings are
not
centred: two people have 0.84 on average.
"""


class DlibRecogniser(Recogniser):
    """dlib's ResNet, which is not used in training.

    dlib finds the landmarks and cuts out the face; its network runs in PyTorch (equal within rounding, and ten times
    faster than dlib's own on a CPU).

    Args:
        device: where the network runs.
        note: see :class:`riddle_pl.judging.judge.Judge`.
    """

    name = "dlib"
    same_person = LFW_COSINE_THRESHOLD

    def __init__(self, device: str = "cpu", note: str = ""):
        self.device = device
        self.note = note

    @staticmethod
    def available() -> bool:
        """Whether the extra is installed."""
        return dlib_jobs.available()

    @property
    def fingerprint(self) -> str:
        return f"{dlib_jobs.versions()} canvas {dlib_jobs.CANVAS} box {dlib_jobs.FACE_BOX}"

    def missing(self) -> str | None:
        resolve_device(self.device)
        return None if dlib_jobs.available() else dlib_jobs.EXTRA

    @torch.no_grad()
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 128"]:
        """Embeddings (not normalised; of length about 1.4) of FFHQ-aligned images in [-1, 1].

        Raises:
            ConfigError: the extra is not installed, or a model file is damaged.
            CheckpointError: the recogniser's file is damaged.
        """
        chips = torch.from_numpy(dlib_jobs.chips(to_pictures(x, dlib_jobs.CANVAS))).permute(0, 3, 1, 2)
        embeddings: Tensor = self._network(chips.float().to(resolve_device(self.device)))
        return embeddings.cpu()

    @cached_property
    def _network(self) -> nn.Module:
        folder = dlib_jobs.models_folder()
        if folder is None:
            raise ConfigError(dlib_jobs.EXTRA)
        network = load_dlib_resnet(folder / dlib_jobs.RECOGNISER)
        return network.requires_grad_(False).to(resolve_device(self.device))
