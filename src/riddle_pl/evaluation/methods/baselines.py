"""Baselines: they need no training and have no password."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

from riddle_pl.device import resolve_device
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.methods.latent import load_generator, network_facts, synthesise
from riddle_pl.evaluation.methods.method import FaceImages, Method, face_rng
from riddle_pl.judging.images import PHOTO, X_DEC, X_ENC1
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.networks.small_methods.face_maps import face_mask
from riddle_pl.packs import Pack


class Baseline(Method):
    """Changes the photo itself; nothing can be recovered.

    Args:
        pack: its image size is used.
    """

    def __init__(self, pack: Pack):
        self.pack = pack

    @property
    def size(self) -> int:
        return self.pack.size

    @property
    def facts(self) -> dict[str, Any]:
        return {"method": f"{self.label}, a baseline without training, at the {self.size} px of pack {self.pack.name}"}

    def images(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        x = x.float().cpu()
        return {PHOTO: x, X_ENC1: self.obscure(names, x)}

    @abstractmethod
    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        """The obscured faces, in [-1, 1]."""


class BlackBox(Baseline):
    """Paints a black square over the face of the aligned image."""

    @property
    def label(self) -> str:
        return "black box"

    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        return x.masked_fill(face_mask(x.shape[-1]) > 0, -1.0)


class Pixelation(Baseline):
    """Gives each square of the aligned image its mean colour.

    Args:
        pack: see :class:`Baseline`.
        squares: along each side.

    Raises:
        ConfigError: fewer than 1 square, or more than pixels.
    """

    def __init__(self, pack: Pack, squares: int = 8):
        super().__init__(pack)
        if not 1 <= squares <= pack.size:
            raise ConfigError(f"method.squares={squares}; give 1 to {pack.size}")
        self.squares = squares

    @property
    def label(self) -> str:
        return f"pixelation, {self.squares} x {self.squares}"

    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        return F.interpolate(F.adaptive_avg_pool2d(x, self.squares), x.shape[-2:], mode="nearest")


class GaussianBlur(Baseline):
    """Blurs the whole aligned image.

    Args:
        pack: see :class:`Baseline`.
        sigma: of the Gaussian, as a share of the image's side.

    Raises:
        ConfigError: a sigma that is not above 0 and at most 1.
    """

    def __init__(self, pack: Pack, sigma: float = 0.05):
        super().__init__(pack)
        if not 0.0 < sigma <= 1.0:
            raise ConfigError(f"method.sigma={sigma}; give a share of the image's side above 0 and at most 1")
        self.sigma = sigma

    @property
    def label(self) -> str:
        return f"Gaussian blur, sigma {self.sigma:g} of the side"

    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        side = x.shape[-1]
        sigma = self.sigma * side
        radius = min(round(3.0 * sigma) or 1, side - 1)  # reflection padding is limited by the image side
        blurred: Tensor = gaussian_blur(x, [2 * radius + 1, 2 * radius + 1], [sigma, sigma])
        return blurred.clamp(-1.0, 1.0)


class NoChange(Baseline):
    """Returns the photo as encrypted and as recovered: a bound for privacy and quality."""

    @property
    def label(self) -> str:
        return "no change"

    def images(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        images = dict(super().images(names, x))
        return images | {X_DEC: images[X_ENC1]}

    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        return x


class RandomOtherFace(Baseline):
    """Replaces each face by a random person of the pack's generator, fixed by the seed and the face's name.

    Samples several people per face, as a reference for diversity.

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
        return super().facts | {"networks": network_facts(self.pack, ("generator",))}

    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        return torch.cat([self._person(name, 0) for name in names])

    def encryptions(self, name: str, x: Float[Tensor, "1 3 h h"], count: int) -> FaceImages:
        return {X_ENC1: torch.cat([self._person(name, number) for number in range(1, count + 1)])}

    @cached_property
    def _generator(self) -> FaceGenerator:
        return load_generator(self.pack, self.device)

    @torch.no_grad()
    def _person(self, name: str, number: int) -> Float[Tensor, "1 3 h h"]:
        rng = face_rng(self.seed, name, number)
        z = torch.randn(1, self._generator.style_dim, generator=rng).to(resolve_device(self.device))
        return synthesise(self._generator, self._generator.broadcast(self._generator.mapping(z)))
