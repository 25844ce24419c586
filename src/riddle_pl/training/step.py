"""The codes of one training step, batched into one encryptor call per direction."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.losses.code_space import CodeSpace
from riddle_pl.losses.features import ORIGINAL, SHARED, StepFeatures
from riddle_pl.losses.views import View, unchanged_view
from riddle_pl.training.equal_layers import OnePerGroup


class EncryptionStep:
    """Encrypts with two passwords; decrypts the first encryption with the right and two wrong passwords.

    A plain object, not a module, so that the networks are registered only once.

    Args:
        encryptor: T(w, w_pwd) -> w*.
        generator: G(w) -> image; frozen, gradients flow through it.
        recogniser: R, images to unit-length embeddings, if a loss term needs it.
        perceptual: F_p, images to a list of feature maps, if a loss term needs it.
        parser: F_s, images to class logits, if a loss term needs it.
        code_space: for terms on codes, if any.

    Attributes:
        one_per_group: T on one token per group; set if the layers of all codes and passwords are equal.

    Source: RiDDLE (Li et al., CVPR 2023), section 3.
    """

    def __init__(
        self,
        encryptor: nn.Module,
        generator: nn.Module,
        recogniser: nn.Module | None = None,
        perceptual: nn.Module | None = None,
        parser: nn.Module | None = None,
        code_space: CodeSpace | None = None,
    ):
        self.encryptor = encryptor
        self.generator = generator
        self.recogniser = recogniser
        self.perceptual = perceptual
        self.parser = parser
        self.code_space = code_space
        self.one_per_group: OnePerGroup | None = None

    def __call__(
        self,
        w: Float[Tensor, "b n d"],
        w_pwd1: Float[Tensor, "b n d"],
        w_pwd2: Float[Tensor, "b n d"],
        w_wrong1_pwd: Float[Tensor, "b n d"],
        w_wrong2_pwd: Float[Tensor, "b n d"],
        x: Float[Tensor, "b 3 h w"] | None = None,
        *,
        views: Sequence[View] = (unchanged_view,),
        shared: bool = False,
    ) -> StepFeatures:
        """Computes the six codes; images and features are computed on demand.

        Args:
            w: codes of the faces to encrypt.
            w_pwd1: first password of each face; the recovery uses it too.
            w_pwd2: second password of each face, for diversity.
            w_wrong1_pwd: first wrong password.
            w_wrong2_pwd: second wrong password.
            x: target images in [-1, 1]; G(w) when None.
            views: augmentations for the recogniser.
            shared: also encrypt all faces with the first one's password.
        """
        T: nn.Module | OnePerGroup = self.encryptor
        if self.one_per_group is not None:
            T = self.one_per_group
            w, w_pwd1, w_pwd2 = map(T.pick, (w, w_pwd1, w_pwd2))
            w_wrong1_pwd, w_wrong2_pwd = map(T.pick, (w_wrong1_pwd, w_wrong2_pwd))
        encryptions = {"x_enc1": w_pwd1, "x_enc2": w_pwd2} | ({SHARED: w_pwd1[:1].expand_as(w_pwd1)} if shared else {})
        encrypted = _by_name(encryptions, T(torch.cat([w] * len(encryptions)), torch.cat([*encryptions.values()])))
        decryptions = {"x_dec": w_pwd1, "x_wrong1": w_wrong1_pwd, "x_wrong2": w_wrong2_pwd}
        w_enc1 = encrypted["x_enc1"]
        decrypted = _by_name(decryptions, T(torch.cat([w_enc1] * 3), torch.cat([*decryptions.values()])))
        return StepFeatures(
            latents={ORIGINAL: w} | encrypted | decrypted,
            x=x,
            generator=self.generator,
            networks={"recogniser": self.recogniser, "perceptual": self.perceptual, "parser": self.parser},
            views=views,
            code_space=self.code_space,
            repeats=None if self.one_per_group is None else self.one_per_group.repeats,
        )


def _by_name(passwords: Mapping[str, Tensor], codes: Tensor) -> dict[str, Tensor]:
    """The codes that one call of T gave for several passwords."""
    return dict(zip(passwords, codes.chunk(len(passwords)), strict=True))
