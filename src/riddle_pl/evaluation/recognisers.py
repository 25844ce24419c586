"""Recognisers that judge: what an evaluator has to offer, and those that there are."""

from abc import abstractmethod
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.device import resolve_device
from riddle_pl.errors import CheckpointError, ConfigError
from riddle_pl.evaluation import dlib_jobs
from riddle_pl.evaluation.features import PackNetwork
from riddle_pl.evaluation.judge import Judge
from riddle_pl.evaluation.pictures import to_pictures
from riddle_pl.evaluation.workers import Workers
from riddle_pl.files import require_file, sha256_file
from riddle_pl.networks.checkpoints import load_mobilefacenet
from riddle_pl.networks.recogniser import MOBILEFACENET_CROP, AlignedRecogniser
from riddle_pl.packs import Pack


class Recogniser(Judge):
    """Embeds FFHQ-aligned faces of any size; the cosine of two embeddings tells whether they show one person."""

    trained_on_it: bool = False
    """It was the recogniser of the loss: its numbers flatter the encryptor, and tables mark them."""

    @abstractmethod
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        """Embeddings of images in [-1, 1], of any length."""


class DlibEvaluator(Recogniser):
    """dlib's ResNet on the CPU, in several processes (extra ``[dlib]``).

    Args:
        workers: processes; None: one per usable core, at most 8. One runs in this process.
        note: see :class:`Judge`.
    """

    name = "dlib"

    def __init__(self, workers: int | None = None, note: str = ""):
        if workers is not None and workers < 1:
            raise ConfigError(f"evaluators.dlib.workers={workers}; give at least 1, or null for one per core")
        self.note = note
        self._workers = Workers(workers)

    @property
    def fingerprint(self) -> str:
        return f"{dlib_jobs.versions()} canvas {dlib_jobs.CANVAS} box {dlib_jobs.FACE_BOX}"

    def missing(self) -> str | None:
        return None if dlib_jobs.available() else f"{dlib_jobs.EXTRA}, or choose other evaluators="

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 128"]:
        return torch.from_numpy(self._workers.run(dlib_jobs.embed, to_pictures(x, dlib_jobs.CANVAS)))

    def close(self) -> None:
        self._workers.close()


class MobileFaceNetEvaluator(Recogniser):
    """A MobileFaceNet checkpoint in the format of ``068.ckpt``.

    Args:
        path: of the checkpoint.
        device: where it runs.
        note: see :class:`Judge`.

    Source: https://github.com/Xiaoccer/MobileFaceNet_Pytorch.
    """

    name = "mobilefacenet"

    def __init__(self, path: str, device: str = "auto", note: str = ""):
        self.path = Path(path).expanduser()
        self.device = device
        self.note = note

    @cached_property
    def fingerprint(self) -> str:
        return f"mobilefacenet {sha256_file(self.path)} {MOBILEFACENET_CROP}"

    def missing(self) -> str | None:
        resolve_device(self.device)
        require_file(self.path, "evaluators.mobilefacenet.path", CheckpointError)
        return None

    @cached_property
    def _network(self) -> nn.Module:
        backbone = load_mobilefacenet(self.path)
        height, width = backbone.input_size
        network = AlignedRecogniser(backbone, MOBILEFACENET_CROP, (height, width))
        return network.eval().requires_grad_(False).to(resolve_device(self.device))

    @torch.no_grad()
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        embeddings: Tensor = self._network(x.to(resolve_device(self.device)))
        return embeddings.cpu()


class PackEvaluator(PackNetwork, Recogniser):
    """The pack's own recogniser, which trained the encryptor: its numbers flatter, and say so.

    Args:
        pack: its ``recogniser`` judges.
        device: where it runs.
        note: see :class:`Judge`.
    """

    name = "pack"
    trained_on_it = True

    def __init__(self, pack: Pack, device: str = "auto", note: str = "trained the encryptor: no independent judge"):
        super().__init__(pack, "recogniser", device, note)

    @torch.no_grad()
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        embeddings: Tensor = self.network(self.on_device(x))
        return embeddings.cpu()
