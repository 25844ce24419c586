"""``invert=optimise``: the encoder's code, improved for this photo by a hundred steps of Adam."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.config.ranges import check_range
from riddle_pl.errors import ConfigError
from riddle_pl.inversion.coordinates import AroundStart, CodeModel, Coordinates, InCodeModel
from riddle_pl.inversion.descent import descend
from riddle_pl.inversion.inversion import Inversion
from riddle_pl.losses.identity import cosine
from riddle_pl.losses.perceptual import perceptual_distance
from riddle_pl.networks.code_model import GaussianCodeModel
from riddle_pl.networks.encryptors.padded import PaddedEncryptor
from riddle_pl.networks.resize import resize
from riddle_pl.packs import Pack
from riddle_pl.packs.pack import CODE_MODEL

AT_ONCE = 8
"""Faces, which bounds the memory: 0.2 GB each at 128 px."""
SMALL = 64
"""Pixels up to which a step costs little."""
W_SAMPLES = 4096
W_SEED = 1_000_000
"""Large, to avoid noise that was used in training."""


@dataclass(frozen=True)
class Settings:
    """Steps and weights of an optimised inversion; see :class:`OptimisedInversion`.

    Raises:
        ConfigError: a value is out of range.
    """

    steps: int
    learning_rate: float
    pixel: float
    features: float
    identity: float
    start: float = 0.0
    spread: float = 0.0
    prior: float = 0.0
    size: int | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "learning_rate", "pixel", "features", "identity", "start", "spread", "prior"):
            check_range(f"invert.{name}", getattr(self, name))


class OptimisedInversion(Inversion):
    """Minimises, from the encoder's code w_0 on, for each face

        pixel ‖x - G(w)‖₁ + features ‖F_p(x) - F_p(G(w))‖₂² + identity (1 - cos(R(x), R(G(w)))) + cost.

    With a code model, the search is in its coordinates v with cost = prior · energy(v), so that codes lie inside of the
    model; ``code_model=encryptor-padded`` uses that of the encryptor, so that codes are encrypted without loss. Without
    one, the search is in W+ in standard deviations of W, with cost = start ‖w - w_0‖² + spread Σ_i ‖w_i - mean_i w_i‖².
    All norms are means.

    Deterministic: codes do not depend on the batch, up to rounding. A step takes
    0.03 to 0.07 s of one CPU core per face of 64 px, 0.25 s per face of 128 px of the mobile pack.

    Args:
        pack: generator, encoder, recogniser R, perceptual features F_p if they have a weight, and, where there is one,
            code model.
        device: see :class:`Inversion`.
        steps: of Adam; the learning rate falls to zero by a cosine.
        learning_rate: at the start, in standard deviations of W or in the model's coordinates.
        pixel: weight.
        features: weight; with 0 their network is not needed.
        identity: weight. Evaluate with another recogniser than R: large weights overfit to R, and increase the pixel
            error.
        start: weight, without a code model.
        spread: weight, without a code model.
        prior: weight, with a code model.
        size: side in pixels at which faces are drawn and compared; by default 128 where the pack draws that size.
        code_model: role of the code model, or of a padded encryptor; by default ``code_model`` where the pack has it.

    What is None is taken from :attr:`in_w_plus`, :attr:`in_code_model` or :attr:`in_encryptor`, as steps are taken in
    W+, in the pack's code model or in that of an encryptor.

    Raises:
        ConfigError: a value is out of range.

    Source: the optimisation of Karras et al. (CVPR 2020, appendix D), begun at an encoder's code and held near W.
    """

    name: ClassVar[str] = "optimise"
    roles: ClassVar[tuple[str, ...]] = ("generator", "encoder", "recogniser")
    in_w_plus: ClassVar[Settings] = Settings(100, 0.06, pixel=2.0, features=0.3, identity=0.5, start=0.06)
    in_code_model: ClassVar[Settings] = Settings(100, 0.1, pixel=2.0, features=0.3, identity=1.0, prior=0.05, size=128)
    in_encryptor: ClassVar[Settings] = replace(in_code_model, learning_rate=0.2, prior=0.4)
    in_small_encryptor: ClassVar[Settings] = in_encryptor
    """Where the pack's faces have at most :data:`SMALL` pixels."""

    def __init__(
        self,
        pack: Pack,
        device: str = "auto",
        steps: int | None = None,
        learning_rate: float | None = None,
        pixel: float | None = None,
        features: float | None = None,
        identity: float | None = None,
        start: float | None = None,
        spread: float | None = None,
        prior: float | None = None,
        size: int | None = None,
        code_model: str | None = None,
    ):
        super().__init__(pack, device)
        self.code_model_role = code_model or (CODE_MODEL if CODE_MODEL in pack.roles else None)
        given: dict[str, Any] = {
            "steps": steps,
            "learning_rate": learning_rate,
            "pixel": pixel,
            "features": features,
            "identity": identity,
            "start": start,
            "spread": spread,
            "prior": prior,
            "size": size,
        }
        in_encryptor = self.in_small_encryptor if pack.size <= SMALL else self.in_encryptor
        own = {None: self.in_w_plus, CODE_MODEL: self.in_code_model}.get(self.code_model_role, in_encryptor)
        if own.size is not None and own.size not in pack.manifest.sizes:
            own = replace(own, size=None)
        self.settings = replace(own, **{name: value for name, value in given.items() if value is not None})

    @property
    def needed(self) -> tuple[str, ...]:
        perceptual = ("perceptual",) if self.settings.features else ()
        return (*self.roles, *perceptual, *([self.code_model_role] if self.code_model_role else []))

    @property
    def networks(self) -> tuple[str, ...]:
        return tuple("code_model" if role == self.code_model_role else role for role in self.needed)

    @property
    def drawing_pack(self) -> Pack:
        return self.pack if self.settings.size is None else self.pack.at(self.settings.size)

    @property
    def fingerprint(self) -> str:
        return f"{super().fingerprint} {self.name} {tuple(asdict(self.settings).values())}"

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n 512"]:
        return torch.cat([self._optimised(part) for part in x.split(AT_ONCE)])

    @torch.no_grad()
    def _optimised(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n 512"]:
        x = x.to(self.device)
        w_0 = self.encode(x)
        x = resize(x, (self.drawing_pack.size, self.drawing_pack.size))
        known = self.recogniser(x)
        seen = self.perceptual(x) if self.settings.features else None
        coordinates = self._coordinates(w_0)

        def loss(v: Tensor) -> Tensor:
            image = self.generator(coordinates.decode(v))
            total: Tensor = (
                self.settings.pixel * (image - x).abs().mean(dim=(1, 2, 3))
                + self.settings.identity * (1.0 - cosine(self.recogniser(image), known))
                + coordinates.cost(v)
            )
            if seen is not None:
                total = total + self.settings.features * perceptual_distance(seen, self.perceptual(image))
            return total

        v = descend(coordinates.start(), loss, self.settings.steps, self.settings.learning_rate)
        return coordinates.decode(v).cpu()

    def _coordinates(self, w_0: Float[Tensor, "b n 512"]) -> Coordinates:
        if self.code_model_role is not None:
            return InCodeModel(w_0, self.code_model, self.settings.prior)
        return AroundStart(w_0, self.deviation, self.settings.start, self.settings.spread)

    @cached_property
    def code_model(self) -> CodeModel:
        """The coordinates of codes that steps are taken in.

        Raises:
            ConfigError: the role is that of another network.
        """
        network = self._load(self.code_model_role or CODE_MODEL)
        if isinstance(network, PaddedEncryptor):
            return network.codes
        if isinstance(network, GaussianCodeModel):
            return network
        raise ConfigError(
            f"invert.code_model={self.code_model_role} is no code model of pack {self.pack.name}; give {CODE_MODEL} "
            "or a padded encryptor"
        )

    @cached_property
    def perceptual(self) -> nn.Module:
        """F_p."""
        return self._load("perceptual")

    @cached_property
    def deviation(self) -> float:
        """Standard deviation of W: the root of its mean variance over dimensions."""
        return float(self.generator.random_w(W_SAMPLES, W_SEED).var(dim=0).mean().sqrt())
