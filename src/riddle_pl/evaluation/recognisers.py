"""Recognisers that judge: what an evaluator has to offer, and those that there are."""

import importlib.metadata
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.device import resolve_device
from riddle_pl.errors import CheckpointError, ConfigError
from riddle_pl.evaluation import dlib_recogniser
from riddle_pl.evaluation.dlib_pool import DlibPool, usable_cores
from riddle_pl.evaluation.dlib_recogniser import DlibRecogniser
from riddle_pl.files import require_file, sha256_file
from riddle_pl.networks.checkpoints import load_mobilefacenet
from riddle_pl.networks.recogniser import MOBILEFACENET_CROP, AlignedRecogniser
from riddle_pl.packs import Pack


class Recogniser(ABC):
    """Embeds FFHQ-aligned faces of any size; the cosine of two embeddings tells whether they show one person."""

    name: str
    note: str = ""
    """What a reader must know about its impartiality; printed with every number."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Names everything that an embedding depends on beside the image."""

    @abstractmethod
    def check(self) -> None:
        """Raises a ``RiddleError`` when something that it needs is missing; does no long work."""

    @abstractmethod
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        """Embeddings of images in [-1, 1], of any length."""

    def close(self) -> None:  # noqa: B027  # most hold nothing
        """Gives back what it holds."""


class DlibEvaluator(Recogniser):
    """dlib's ResNet on the CPU, in several processes (see :class:`DlibRecogniser`; extra ``[dlib]``).

    Args:
        workers: processes; None: one per usable core, at most 8. One runs in this process.
        note: see :class:`Recogniser`.
    """

    name = "dlib"

    def __init__(self, workers: int | None = None, note: str = ""):
        if workers is not None and workers < 1:
            raise ConfigError(f"evaluators.dlib.workers={workers}; give at least 1, or null for one per core")
        self.note = note
        self._pool = DlibPool(workers or min(usable_cores(), 8))

    @property
    def fingerprint(self) -> str:
        versions = [f"{name} {importlib.metadata.version(name)}" for name in ("dlib-bin", "face_recognition_models")]
        return f"{' '.join(versions)} canvas {dlib_recogniser.CANVAS} box {dlib_recogniser.FACE_BOX}"

    def check(self) -> None:
        if not DlibRecogniser.available():
            raise ConfigError(f"{dlib_recogniser.EXTRA}, or choose other evaluators=")

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 128"]:
        return self._pool.embed(x)

    def close(self) -> None:
        self._pool.close()


class MobileFaceNetEvaluator(Recogniser):
    """A MobileFaceNet checkpoint in the format of ``068.ckpt``.

    Args:
        path: of the checkpoint.
        device: where it runs.
        note: see :class:`Recogniser`.

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

    def check(self) -> None:
        resolve_device(self.device)
        require_file(self.path, "evaluators.mobilefacenet.path", CheckpointError)

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


class PackEvaluator(Recogniser):
    """The pack's own recogniser, which trained the encryptor: its numbers flatter, and say so.

    Args:
        pack: its ``recogniser`` judges.
        device: where it runs.
        note: see :class:`Recogniser`.
    """

    name = "pack"

    def __init__(self, pack: Pack, device: str = "auto", note: str = "trained the encryptor: no independent judge"):
        self.pack = pack
        self.device = device
        self.note = note

    @cached_property
    def fingerprint(self) -> str:
        return f"pack {self.pack.fingerprint('recogniser')}"

    def check(self) -> None:
        resolve_device(self.device)
        self.pack.verify("recogniser")

    @cached_property
    def _network(self) -> nn.Module:
        return self.pack.load("recogniser").to(resolve_device(self.device))

    @torch.no_grad()
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        embeddings: Tensor = self._network(x.to(resolve_device(self.device)))
        return embeddings.cpu()
