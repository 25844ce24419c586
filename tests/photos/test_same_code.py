"""If this fails, a second run with the same password is refused as one with another, or takes another's results."""

import pytest
import torch

from riddle_pl.packs import load_pack
from riddle_pl.photos.face_coder import FaceCoder

KEY, OTHER, NONCE = bytes(32), bytes([1]) * 32, bytes(16)
FOUND_AGAIN = 0.003
"""How much codes differ that are found once in a batch and once alone."""


@pytest.mark.parametrize("encryptor", ["encryptor", "encryptor-padded"])
def test_a_code_that_is_found_again_is_the_same_under_its_password_alone(encryptor: str) -> None:
    coder = FaceCoder(load_pack("lite"), encryptor)
    codes = coder.generator.broadcast(coder.generator.random_w(6, 3))
    noise = torch.randn(codes.shape, generator=torch.Generator().manual_seed(4)) * codes.abs().mean()
    own, other = (coder.password(key, NONCE) for key in (KEY, OTHER))
    for w, w_again in zip(codes[:, None], (codes + FOUND_AGAIN * noise)[:, None], strict=True):
        encrypted = coder.transform(w, own)
        assert coder.is_same(coder.transform(w_again, own), encrypted)
        assert not coder.is_same(coder.transform(w_again, other), encrypted)
