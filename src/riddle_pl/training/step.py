"""One training step's codes: every password of one direction in one encryptor call. Images follow when asked for."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.losses.features import ORIGINAL, PRODUCED, StepFeatures
from riddle_pl.losses.views import View, as_aligned


class EncryptionStep:
    """Encrypts with two passwords; decrypts the first encryption with the right and two wrong passwords.

    A plain object, not a module: it uses the networks and owns none, so they are registered only where they belong.

    Args:
        encryptor: T(w, w_pwd) -> w*.
        generator: G(w) -> image; frozen, gradients flow through it.
        recogniser: R, images to unit-length embeddings, if a loss term needs it.
        perceptual: F_p, images to a list of feature maps, if a loss term needs it.
        parser: F_s, images to class logits, if a loss term needs it.

    Source: RiDDLE (Li et al., CVPR 2023), section 3.
    """

    def __init__(
        self,
        encryptor: nn.Module,
        generator: nn.Module,
        recogniser: nn.Module | None = None,
        perceptual: nn.Module | None = None,
        parser: nn.Module | None = None,
    ):
        self.encryptor = encryptor
        self.generator = generator
        self.recogniser = recogniser
        self.perceptual = perceptual
        self.parser = parser

    def __call__(
        self,
        w: Float[Tensor, "b n d"],
        w_pwd1: Float[Tensor, "b n d"],
        w_pwd2: Float[Tensor, "b n d"],
        w_wrong1_pwd: Float[Tensor, "b n d"],
        w_wrong2_pwd: Float[Tensor, "b n d"],
        x: Float[Tensor, "b 3 h w"] | None = None,
        *,
        views: Sequence[View] = (as_aligned,),
    ) -> StepFeatures:
        """The six codes; images and their features follow when a loss term asks for them.

        Args:
            w: codes of the faces to encrypt.
            w_pwd1: first password of each face; the recovery uses it too.
            w_pwd2: second password of each face, for diversity.
            w_wrong1_pwd: first wrong password.
            w_wrong2_pwd: second wrong password.
            x: target images in [-1, 1]; G(w) when None.
            views: ways in which the recogniser sees each face.
        """
        if x is None:
            with torch.no_grad():
                x = self.generator(w)
        encrypted: Tensor = self.encryptor(torch.cat([w, w]), torch.cat([w_pwd1, w_pwd2]))
        w_enc1, w_enc2 = encrypted.chunk(2)
        decrypted: Tensor = self.encryptor(
            torch.cat([w_enc1, w_enc1, w_enc1]), torch.cat([w_pwd1, w_wrong1_pwd, w_wrong2_pwd])
        )
        return StepFeatures(
            latents={ORIGINAL: w, **dict(zip(PRODUCED, (w_enc1, w_enc2, *decrypted.chunk(3)), strict=True))},
            x=x,
            generator=self.generator,
            networks={"recogniser": self.recogniser, "perceptual": self.perceptual, "parser": self.parser},
            views=views,
        )
