"""Baseline: another person instead, who owes the first one nothing."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.device import resolve_device
from riddle_pl.evaluation.method import FaceImages
from riddle_pl.evaluation.methods.baseline import Baseline
from riddle_pl.evaluation.methods.generator import load_generator, synthesise
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import Pack


class RandomOtherFace(Baseline):
    """Replaces each face by a random person of the pack's generator, fixed by the seed and the face's name.

    It has many people per face: a diversity to compare passwords with.

    Args:
        pack: its generator.
        seed: of the people.
        device: where the generator runs: auto, cpu, cuda or cuda:N.
    """

    def __init__(self, pack: Pack, seed: int = 0, device: str = "auto"):
        super().__init__(pack)
        self.seed = seed
        self.device = device

    @property
    def label(self) -> str:
        return f"random person of {self.pack.name}'s generator"

    def check(self) -> None:
        resolve_device(self.device)
        self.pack.check("generator")

    @property
    def facts(self) -> dict[str, Any]:
        entry = self.pack.entry("generator")
        network = {"arch": entry.arch, "sha256": self.pack.expected_sha256("generator"), "origin": entry.origin}
        return super().facts | {"networks": {"generator": network}}

    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        return torch.cat([self._person(name, 0) for name in names])

    def encryptions(self, name: str, x: Float[Tensor, "1 3 h h"], count: int) -> FaceImages:
        return {"encrypted": torch.cat([self._person(name, number) for number in range(1, count + 1)])}

    @cached_property
    def _generator(self) -> FaceGenerator:
        return load_generator(self.pack, self.device)

    @torch.no_grad()
    def _person(self, name: str, number: int) -> Float[Tensor, "1 3 h h"]:
        digest = hashlib.sha256(f"{self.seed} {name} {number}".encode()).digest()
        rng = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
        z = torch.randn(1, self._generator.style_dim, generator=rng).to(resolve_device(self.device))
        return synthesise(self._generator, self._generator.broadcast(self._generator.mapping(z)))
