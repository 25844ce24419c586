"""What the generator's recipe writes into a pack, with the words for the model cards."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.face_set import FaceSet
from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.pretraining.encoder import encoder_role
from riddle_pl.pretraining.generator.discriminator import Discriminator
from riddle_pl.pretraining.generator.perceptual import perceptual_role
from riddle_pl.pretraining.recipe import PackRole


def generator_roles(
    generator: Generator,
    encoder: LiteEncoder,
    discriminator: Discriminator,
    channels: Mapping[int, int],
    faces: FaceSet,
    real: Float[Tensor, "b 3 h w"],
    r1: float,
) -> list[PackRole]:
    """Generator, perceptual features, and the encoder, in case that ``recipe=encoder`` is not run.

    Args:
        generator: averaged.
        encoder: averaged; it learnt beside the generator.
        discriminator: its first blocks are the perceptual features.
        channels: feature maps per resolution.
        faces: that all of them saw.
        real: some of these, which set the scale of the features.
        r1: weight of the R1 penalty.
    """
    data = f"{len(faces):,} images of {faces.sources()}"
    args = {"size": generator.size, "channels": {str(side): width for side, width in channels.items()}}
    of_generator = f"""
StyleGAN2 generator of {generator.size} px aligned faces (moving average of the weights), trained on
{data} (exact duplicates dropped, held-out share left out), with lazy R1
({r1}), path-length regularisation and an inversion encoder beside it. `riddle-audit` compares what it draws with
its training images.

Groups that are rare in these archives are drawn worse. Profile views, glasses, hats and hands are drawn badly. It is
small, and its faces show it.
"""
    of_encoder = f"""
Inversion encoder in the manner of e4e: aligned faces of {encoder.size} px to W+ codes of this pack's generator,
beside which it was trained, on {data}.

An inversion resembles the photo; glasses, hats, hands, strong make-up and profile views are lost. Identity is only
partly kept.
"""
    return [
        PackRole("generator", generator, "stylegan2", args, of_generator),
        perceptual_role(discriminator, channels, real),
        encoder_role(encoder, channels, of_encoder),
    ]
