"""Settings of the generator's recipe, in three groups of its config: ``weights``, ``drawing``, ``judging``."""

from collections.abc import Sequence
from dataclasses import dataclass

from riddle_pl.pretraining.generator.augment import AUGMENTATIONS


@dataclass(frozen=True)
class Weights:
    """Weights of the loss terms of generator and encoder.

    Args:
        adversarial: adversarial loss on random and reflected codes.
        adversarial_redrawn: adversarial loss on reconstructions.
        pixel: mean absolute difference of images and reconstructions.
        features: their difference in the discriminator's features.
        latent: the encoder's error on generated images, whose codes are known (in variances of W).
        offset: squared offsets from W of real images' codes (in variances of W; e4e's delta loss).
        kl: KL divergence of the encoder's codes from W, in nats.
        identity: 1 - cosine of images and reconstructions, by the recipe's teacher.
        apart: max(0, cosine) of images and images of their reflected codes, by the same.
    """

    adversarial: float = 1.0
    adversarial_redrawn: float = 1.0
    pixel: float = 5.0
    features: float = 5.0
    latent: float = 1.0
    offset: float = 0.05
    kl: float = 2e-4
    identity: float = 0.0
    apart: float = 0.0


@dataclass(frozen=True)
class Drawing:
    """Generated images per step, regularisation, and weight averaging.

    Args:
        redrawn: reconstructions per batch.
        turned: images of reflected codes per batch; the rest are images of random codes.
        style_mixing: probability of style mixing.
        spread: initial standard deviation of the encoder's distribution.
        path_length: weight of the path-length penalty.
        path_length_every: interval in steps.
        half_life: of a weight's influence on the averaged networks, in images.
    """

    redrawn: int = 8
    turned: int = 0
    style_mixing: float = 0.9
    spread: float = 0.37
    path_length: float = 2.0
    path_length_every: int = 8
    half_life: float = 5_000.0


@dataclass(frozen=True)
class Judging:
    """Training of the discriminator.

    Args:
        first_step: first step of adversarial training; before, only reconstructions are trained. Codes are whitened at
            this step.
        ahead: steps after ``first_step`` in which only the discriminator is trained.
        r1: weight of the R1 penalty; for small sizes about 2e-4 size² / batch (StyleGAN2-ADA).
        r1_every: interval of the R1 penalty in steps.
        augmentations: of its inputs, names of ``augment.AUGMENTATIONS``.
    """

    first_step: int = 0
    ahead: int = 0
    r1: float = 0.1
    r1_every: int = 16
    augmentations: Sequence[str] = tuple(AUGMENTATIONS)
