"""The demo's pipeline: inversion, encryption with two passwords, recovery, decryption with wrong passwords."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.demo.stages import Stages
from riddle_pl.key import KdfParams, derive_key
from riddle_pl.photos.face_coder import FaceCoder

PASSWORD_1 = "correct horse battery staple"
PASSWORD_2 = "Tr0ub4dor&3"
WRONG_1 = "correct horse battery stable"
WRONG_2 = "open sesame"

COLUMNS: Mapping[str, str] = {
    "photo": "photo",
    "inversion": "inversion",
    "encrypted_1": "encrypted\n(password 1)",
    "encrypted_2": "encrypted\n(password 2)",
    "recovered": "recovered\n(password 1)",
    "wrong_1": "wrong\npassword 1",
    "wrong_2": "wrong\npassword 2",
}
"""Images in the order of the picture's columns, with headings. Wrong passwords are tried on the first encryption."""


@dataclass(frozen=True, eq=False)
class DemoFace:
    """The images of one person by column, each (1, 3, H, H) in [-1, 1]."""

    name: str
    images: Mapping[str, Float[Tensor, "1 3 h h"]]


class DemoPipeline:
    """Processes faces with the demo's four passwords.

    Args:
        coder: the pack's networks.
        stages: timers.
    """

    def __init__(self, coder: FaceCoder, stages: Stages):
        self.coder = coder
        self.stages = stages

    def __call__(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"], kdfs: Sequence[KdfParams]) -> list[DemoFace]:
        """Every image of some aligned faces; salt and cost are each face's own, as each photo's are elsewhere."""
        with self.stages("inversion"):
            w, context = self.coder.invert(x), self.coder.context(x)
        apply = partial(self.coder.transform, context=context)
        with self.stages("passwords"):
            p_1, p_2, p_wrong_1, p_wrong_2 = (
                torch.cat([self.coder.password(derive_key(text, kdf), None) for kdf in kdfs])
                for text in (PASSWORD_1, PASSWORD_2, WRONG_1, WRONG_2)
            )
        with self.stages("encryption"):
            w_enc = apply(w, p_1)
            codes = {
                "inversion": w,
                "encrypted_1": w_enc,
                "encrypted_2": apply(w, p_2),
                "recovered": apply(w_enc, p_1),
                "wrong_1": apply(w_enc, p_wrong_1),
                "wrong_2": apply(w_enc, p_wrong_2),
            }
        with self.stages("drawing"):
            images = {"photo": x, **{column: self.coder.synthesise(code) for column, code in codes.items()}}
        return [
            DemoFace(name, {column: image[row : row + 1] for column, image in images.items()})
            for row, name in enumerate(names)
        ]
