"""One face through the whole method: inverted, encrypted with two passwords, recovered, tried with wrong passwords."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.password import KdfParams, derive_key
from riddle_pl.photos.face_coder import FaceCoder

PASSWORD_A = "correct horse battery staple"
PASSWORD_B = "Tr0ub4dor&3"
WRONG_1 = "correct horse battery stable"
WRONG_2 = "open sesame"

COLUMNS: Mapping[str, str] = {
    "photo": "photo\n(aligned)",
    "inversion": "inversion",
    "encrypted_a": f"encrypted, A:\n{PASSWORD_A}",
    "encrypted_b": f"encrypted, B:\n{PASSWORD_B}",
    "recovered": "recovered from A\nwith A",
    "wrong_1": f"A, wrong password:\n{WRONG_1}",
    "wrong_2": f"A, wrong password:\n{WRONG_2}",
}
"""Images in the order of the picture's columns, with their headings."""

COMPARED = ("encrypted_a", "encrypted_b", "recovered", "wrong_1", "wrong_2")
"""Images that are compared with the inversion."""


@dataclass(frozen=True, eq=False)
class Journey:
    """The images of one person by column, each (1, 3, H, H) in [-1, 1]."""

    name: str
    images: Mapping[str, Float[Tensor, "1 3 h h"]]


class Traveller:
    """Takes faces through the method with the demo's four passwords.

    The passwords are derived once, with a fixed salt so that the demo repeats itself; ``riddle encrypt`` draws a fresh
    salt for every photo.

    Args:
        coder: the pack's networks.
        kdf: salt and cost.
    """

    def __init__(self, coder: FaceCoder, kdf: KdfParams):
        self.coder = coder
        self._passwords = {
            text: coder.password(derive_key(text, kdf)) for text in (PASSWORD_A, PASSWORD_B, WRONG_1, WRONG_2)
        }

    def __call__(self, name: str, x: Float[Tensor, "1 3 h h"]) -> Journey:
        """Every image of one aligned face."""
        apply, p = self.coder.transform, self._passwords
        w = self.coder.invert(x)
        w_enc = apply(w, p[PASSWORD_A])
        codes = {
            "inversion": w,
            "encrypted_a": w_enc,
            "encrypted_b": apply(w, p[PASSWORD_B]),
            "recovered": apply(w_enc, p[PASSWORD_A]),
            "wrong_1": apply(w_enc, p[WRONG_1]),
            "wrong_2": apply(w_enc, p[WRONG_2]),
        }
        images = self.coder.synthesise(torch.cat(list(codes.values())))
        return Journey(name, {"photo": x, **dict(zip(codes, images.chunk(len(codes)), strict=True))})
