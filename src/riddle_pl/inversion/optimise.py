"""``invert=optimise``: the encoder's code, improved for this photo by a hundred steps of Adam."""

from functools import cached_property
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.errors import ConfigError
from riddle_pl.inversion.inversion import Inversion
from riddle_pl.losses.identity import cosine
from riddle_pl.losses.perceptual import perceptual_distance
from riddle_pl.networks.fold_norms import fold_norms
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import Pack

W_SAMPLES = 4096
W_SEED = 1_000_000
"""Not a small one: a generator may know the noise that its training drew."""


class OptimisedInversion(Inversion):
    """Minimises, from the encoder's code w_0 on, for each face

        pixel ‖x - G(w)‖₁ + features ‖F_p(x) - F_p(G(w))‖₂² + identity (1 - cos(R(x), R(G(w))))
        + start ‖w - w_0‖² + spread Σ_i ‖w_i - mean_i w_i‖²,

    all norms as means, the last two in variances of W: they keep the code where the generator draws faces and the
    encryptor was trained. Nothing is drawn at random: the same photo gives the same code, alone or in any batch (up to
    rounding). A step takes 0.03 to 0.07 s of one CPU core per face of 64 px.

    Args:
        pack: generator, encoder, recogniser R and perceptual features F_p.
        device: see :class:`Inversion`.
        steps: of Adam; the learning rate falls to zero by a cosine.
        learning_rate: at the start, in standard deviations of W.
        pixel: weight.
        features: weight; 0 saves the time of their network.
        identity: weight. Judge it by another recogniser than R, which is soon convinced: more weight is more likeness
            only as long as R is a good judge, and it costs pixels.
        start: weight.
        spread: weight.

    Raises:
        ConfigError: a value is out of range.

    Source: the optimisation of Karras et al. (CVPR 2020, appendix D), begun at an encoder's code and held near W.
    """

    name: ClassVar[str] = "optimise"
    roles: ClassVar[tuple[str, ...]] = ("generator", "encoder", "recogniser", "perceptual")

    def __init__(
        self,
        pack: Pack,
        device: str = "auto",
        steps: int = 100,
        learning_rate: float = 0.06,
        pixel: float = 2.0,
        features: float = 0.3,
        identity: float = 0.5,
        start: float = 0.06,
        spread: float = 0.0,
    ):
        super().__init__(pack, device)
        if steps < 1 or learning_rate <= 0:
            raise ConfigError(
                f"invert.steps={steps} must be at least 1 and invert.learning_rate={learning_rate} greater than 0"
            )
        if min(pixel, features, identity, start, spread) < 0:
            raise ConfigError("a weight of invert is negative; give 0 to switch a term off")
        self.steps = steps
        self.learning_rate = learning_rate
        self.pixel = pixel
        self.features = features
        self.identity = identity
        self.start = start
        self.spread = spread

    @property
    def fingerprint(self) -> str:
        weights = (self.pixel, self.features, self.identity, self.start, self.spread)
        return f"{super().fingerprint} {self.name} {self.steps} {self.learning_rate} {weights}"

    @torch.enable_grad()
    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n 512"]:
        x = x.to(self.device)
        with torch.no_grad():
            w_0 = self.encode(x)
            known = self.recogniser(x)
            seen = self.perceptual(x) if self.features else None
        moved = torch.zeros_like(w_0, requires_grad=True)  # in standard deviations of W
        optimizer = torch.optim.Adam([moved], lr=self.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        for _ in range(self.steps):
            w = w_0 + self.deviation * moved
            image = self.generator(w)
            offsets = (w - w.mean(dim=1, keepdim=True)) / self.deviation
            loss = (
                self.pixel * (image - x).abs().mean(dim=(1, 2, 3))
                + self.identity * (1.0 - cosine(self.recogniser(image), known))
                + self.start * moved.square().mean(dim=(1, 2))
                + self.spread * offsets.square().mean(dim=(1, 2))
            )
            if seen is not None:
                loss = loss + self.features * perceptual_distance(seen, self.perceptual(image))
            (moved.grad,) = torch.autograd.grad(loss.sum(), moved)  # a sum: a face's steps are its own
            optimizer.step()
            schedule.step()
        w = w_0 + self.deviation * moved.detach()
        return w.cpu()

    @cached_property
    def generator(self) -> FaceGenerator:
        """G."""
        return self.pack.generator().to(self.device)

    @cached_property
    def recogniser(self) -> nn.Module:
        """R."""
        return fold_norms(self._load("recogniser"))

    @cached_property
    def perceptual(self) -> nn.Module:
        """F_p."""
        return self._load("perceptual")

    @cached_property
    def deviation(self) -> float:
        """Standard deviation of W: the root of its mean variance over dimensions."""
        z = torch.randn(W_SAMPLES, self.generator.style_dim, generator=torch.Generator().manual_seed(W_SEED))
        with torch.no_grad():
            return float(self.generator.mapping(z.to(self.device)).var(dim=0).mean().sqrt())
