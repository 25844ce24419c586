"""Settings of the generator's recipe, in three groups of its config: ``weights``, ``drawing``, ``judging``."""

from collections.abc import Sequence
from dataclasses import dataclass

from riddle_pl.pretraining.generator.augment import AUGMENTATIONS


@dataclass(frozen=True)
class Weights:
    """What each term counts in the loss of generator and encoder.

    Args:
        adversarial: the discriminator's verdict on random people and turned codes.
        adversarial_redrawn: its verdict on redrawn images, which the images themselves hold in place.
        pixel: mean absolute difference of redrawn images and the images.
        features: their difference in the discriminator's features.
        latent: the encoder's error on generated images, whose codes are known (in variances of W).
        offset: squared offsets from W of real images' codes (in variances of W; e4e's delta loss).
        kl: KL divergence of the encoder's codes from W, in nats.
        identity: 1 - cosine between redrawn real images and the images, by the recipe's teacher.
        apart: max(0, cosine) between people of turned codes and the images, by the same.
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
    """What generator and encoder draw in a step, and how they are held and averaged.

    Args:
        redrawn: how many images of a batch are real ones, inverted and drawn again.
        turned: how many are codes of such images, turned into other people's; the others are random people.
        style_mixing: probability that an image mixes two W codes.
        spread: deviation of the encoder's codes at the start, in deviations of W.
        path_length: weight of the path-length penalty.
        path_length_every: steps between two of them.
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
    """How the discriminator learns.

    Args:
        first_step: step at which it joins; until then all images of a step are redrawn. The codes are whitened then, so
            that random people are drawn from where real ones are.
        ahead: steps after it has joined in which it learns alone, so that a finished generator is not led astray by a
            discriminator that knows nothing yet.
        r1: weight of the R1 penalty; for small sizes about 2e-4 size² / batch (StyleGAN2-ADA).
        r1_every: steps between two R1 penalties.
        augmentations: what it sees done to real and drawn images, of ``augment.AUGMENTATIONS``.
    """

    first_step: int = 0
    ahead: int = 0
    r1: float = 0.1
    r1_every: int = 16
    augmentations: Sequence[str] = tuple(AUGMENTATIONS)
