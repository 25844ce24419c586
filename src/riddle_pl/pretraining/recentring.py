"""New coordinates for W+, in which W lies where the codes of real faces are: nothing is learnt, no inversion changes.

While a generator and its encoder learn, the codes of real faces drift away from W's mean, each layer's to another
side. A random person, whose code is W's and the same in all layers, is then drawn from a code that no real face has,
and falls apart. Taking each layer's mean code out mends that: the generator's affine layers, the encoder's heads and an
encryptor's statistics take the change in, so that every photo is inverted, redrawn and encrypted as before.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.networks.encryptor_involution import CouplingShift, InvolutiveEncryptor
from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.networks.stylegan2 import EqualizedLinear, Generator, ModulatedConv2d, StyledConv, ToRGB
from riddle_pl.pretraining.gaussian_mapping import REACH


@dataclass(frozen=True)
class Recentring:
    """The change of codes w_i -> (w_i - centre_i) / scale + REACH, for each layer i.

    Attributes:
        centre: what becomes W's mean.
        scale: the same for all layers: they are to go on drawing one person together.
    """

    centre: Float[Tensor, "n d"]
    scale: float

    @staticmethod
    def of(w: Float[Tensor, "m n d"], width: float, share: float) -> "Recentring":
        """From codes of real faces.

        Args:
            w: the codes.
            width: deviation of W, in deviations of the codes around their layer's mean.
            share: how far W's mean goes to each layer's mean code: 0 leaves it, 1 goes all the way.
        """
        mean = w.mean(dim=0)
        return Recentring(REACH + share * (mean - REACH), width * float((w - mean).square().mean().sqrt()))

    def apply(self, w: Float[Tensor, "m n d"]) -> Float[Tensor, "m n d"]:
        """Codes in the new coordinates."""
        return (w - self.centre) / self.scale + REACH

    @torch.no_grad()
    def change_generator(self, generator: Generator) -> None:
        """In place: draws from new codes what it drew from old ones. Its mapping, and so W, is left alone."""
        for convolution, layer in _by_layer(generator):
            affine = convolution.modulation
            moved = affine.scale * affine.weight @ (self.centre[layer] - REACH * self.scale)
            affine.bias.add_(moved / affine.lr_mul)
            affine.weight.mul_(self.scale)

    @torch.no_grad()
    def change_encoder(self, encoder: LiteEncoder) -> None:
        """In place: reads new codes."""
        encoder.w_mean.copy_((encoder.w_mean - self.centre[0]) / self.scale + REACH)
        offsets = (self.centre - self.centre[0]) / self.scale
        heads = (encoder.base, encoder.coarse, encoder.middle, encoder.fine)
        written = [write for head in heads for write in head.write if isinstance(write, EqualizedLinear)]
        for write, offset in zip(written, offsets, strict=True):
            write.weight.div_(self.scale)
            write.bias.div_(self.scale).sub_(offset / write.lr_mul)

    @torch.no_grad()
    def change_encryptor(self, encryptor: InvolutiveEncryptor) -> None:
        """In place: takes new codes to new codes, under the same passwords as before."""
        rank = encryptor.rank
        old = encryptor.mean.clone()
        encryptor.mean.copy_(self.apply(old[None])[0])
        moved = ((encryptor.mean - old) @ encryptor.basis / encryptor.scale)[:, :rank]  # what passwords read as before
        encryptor.scale.div_(self.scale)
        for shift in (part for part in encryptor.shifts if isinstance(part, CouplingShift)):
            shift.position.add_(moved @ shift.from_password.weight.T)
            shift.from_password.weight.div_(self.scale)
        angle = encryptor.reflection.angle
        angle.bias.add_(angle.weight @ moved[0])
        angle.weight.div_(self.scale)


def _by_layer(generator: Generator) -> list[tuple[ModulatedConv2d, int]]:
    """Every modulated convolution and the layer of w that it reads."""
    convs = [part.conv for part in (generator.conv1, *generator.convs) if isinstance(part, StyledConv)]
    to_rgbs = [part.conv for part in (generator.to_rgb1, *generator.to_rgbs) if isinstance(part, ToRGB)]
    return [(conv, layer) for layer, conv in enumerate(convs)] + [(conv, 2 * i + 1) for i, conv in enumerate(to_rgbs)]
