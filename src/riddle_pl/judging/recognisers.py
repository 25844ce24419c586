"""Recognisers that judge: their interface and implementations."""

from abc import abstractmethod
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.device import resolve_device
from riddle_pl.errors import CheckpointError
from riddle_pl.files import require_file, sha256_file
from riddle_pl.judging.judge import Judge, PackNetwork
from riddle_pl.networks.recogniser import AlignedRecogniser
from riddle_pl.packs import Pack
from riddle_pl.packs.formats import load_network


class Recogniser(Judge):
    """Embeds FFHQ-aligned faces of any size; the cosine of two embeddings tells whether they show one person."""

    @property
    def used_in_training_loss(self) -> bool:
        """Whether the training loss used this recogniser, so that its rates are biased; tables mark them."""
        return False

    @abstractmethod
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        """Embeddings of images in [-1, 1], of any length."""


class ImportedEvaluator(PackNetwork, Recogniser):
    """A public recogniser whose checkpoint the user has imported, or gives.

    Args:
        name: in the tables.
        pack: the pack of evaluators.
        role: in the pack; says how the checkpoint is read and which part of the image the network sees.
        path: of the checkpoint; None: the imported one.
        training_pack: pack of the encryptor that is judged; if its recogniser is this checkpoint, tables say so.
        device: where it runs.
        note: see :class:`Judge`.
    """

    def __init__(
        self,
        name: str,
        pack: Pack,
        role: str,
        path: str | None = None,
        training_pack: Pack | None = None,
        device: str = "auto",
        note: str = "",
    ):
        super().__init__(pack, role, device, note)
        self.name = name
        self.training_pack = training_pack
        self.path = None if path is None else Path(path).expanduser()

    def missing(self) -> str | None:
        """Raises ``CheckpointError`` where the given file is not there."""
        if self.path is None:
            return super().missing()
        resolve_device(self.device)
        require_file(self.path, f"evaluators.{self.name}.path", CheckpointError)
        return None

    @cached_property
    def fingerprint(self) -> str:
        if self.path is None:
            return super().fingerprint
        return f"{self.role} {sha256_file(self.path)} {dict(self.pack.entry(self.role).args)}"

    @property
    def used_in_training_loss(self) -> bool:
        if self.training_pack is None or not self.training_pack.has("recogniser"):
            return False
        own = self.pack.expected_sha256(self.role) if self.path is None else sha256_file(self.path)
        return own == self.training_pack.expected_sha256("recogniser")

    @cached_property
    def network(self) -> nn.Module:
        if self.path is None:
            return super().network
        network = load_network(self.pack.entry(self.role), self.path, self.pack.manifest)
        return network.eval().requires_grad_(False).to(resolve_device(self.device))

    @torch.no_grad()
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        embeddings: Tensor = self.network(self.on_device(x))
        return embeddings.cpu()


class PackEvaluator(PackNetwork, Recogniser):
    """The pack's own recogniser, which is part of the training loss: its rates are biased, and marked.

    Args:
        pack: its ``recogniser`` judges.
        device: where it runs.
        note: see :class:`Judge`.
    """

    name = "pack"

    def __init__(self, pack: Pack, device: str = "auto", note: str = "trained the encryptor: no independent judge"):
        super().__init__(pack, "recogniser", device, note)

    @property
    def used_in_training_loss(self) -> bool:
        return True

    @cached_property
    def network(self) -> AlignedRecogniser:
        return self.pack.load_as(self.role, AlignedRecogniser).to(resolve_device(self.device))

    @torch.no_grad()
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        embeddings: Tensor = self.network(self.on_device(x))
        return embeddings.cpu()

    @torch.no_grad()
    def with_features(self, x: Float[Tensor, "b 3 h h"]) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b c"]]:
        """See :meth:`riddle_pl.networks.recogniser.AlignedRecogniser.with_features`."""
        embedding, features = self.network.with_features(self.on_device(x))
        return embedding.cpu(), features.cpu()
