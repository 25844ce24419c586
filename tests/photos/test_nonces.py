"""If this fails, a face gets a person who looks elsewhere, or the very person who is to be hidden."""

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.photos.nonces import AnyNonce, BestFit


class Fixed:
    """A recogniser of one number: the blue of an image's last pixel."""

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        alike = x[:, 2, -1, -1]
        return torch.stack([alike, (1 - alike.square()).sqrt()], dim=1)


def faces(*colours: float, likeness: float = 0.0) -> torch.Tensor:
    x = torch.tensor(colours)[:, None, None, None].expand(-1, 3, 64, 64).clone()
    x[:, 2, -1, -1] = likeness
    return x


def choice(pack, candidates: int = 4) -> BestFit:
    one = BestFit(pack, candidates)
    one.judge = Fixed()  # type: ignore[assignment]
    return one


def test_the_nearest_in_shape_and_light_is_taken(tiny_pack):
    x = faces(0.1, -0.5, likeness=1.0)
    drawn = torch.stack([faces(0.9, 0.9), faces(-0.9, -0.4), faces(0.2, 0.5), faces(-0.3, 0.2)], dim=1)
    drawn[:, :, 2, -1, -1] = torch.tensor([0.9, 0.0, 0.1, 0.95])  # the second and the third are other persons
    assert choice(tiny_pack).best(x, drawn).tolist() == [2, 1]


def test_who_is_like_the_photo_is_not_taken_however_well_they_fit(tiny_pack):
    x = faces(0.1, likeness=1.0)
    drawn = torch.stack([faces(0.1, likeness=1.0), faces(0.9)], dim=1)
    assert choice(tiny_pack, 2).best(x, drawn).tolist() == [1]


def test_any_is_the_first():
    assert AnyNonce.candidates == 1
    assert AnyNonce().best(faces(0.0, 0.0), faces(0.0, 0.0)[:, None]).tolist() == [0, 0]


def test_one_candidate_is_no_choice(tiny_pack):
    with pytest.raises(ConfigError, match=r"nonce\.candidates is 1; give at least 2, or nonce=any"):
        BestFit(tiny_pack, 1)
