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


class Features(Fixed):
    """A recogniser whose features are the red of an image's first two pixels."""

    def with_features(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.embed(x), x[:, 0, 0, :2]


@pytest.mark.parametrize("trait", [0, 1])
def test_a_person_of_another_sex_or_age_is_not_taken_if_others_fit(tiny_pack, trait):
    one = choice(tiny_pack, 3)
    one.judge = Features()  # type: ignore[assignment]
    one.__dict__["_traits"] = torch.nn.Identity()
    x = faces(0.1)
    drawn = torch.stack([faces(0.1), faces(0.12), faces(0.5)], dim=1)
    x[:, 0, 0, :2] = 0.1
    drawn[:, :, 0, 0, :2] = 0.1
    x[:, 2, -1, -1] = 1.0
    drawn[:, 0, 0, 0, trait] = 6.1
    assert one.best(x, drawn).tolist() == [1]


class Halves:
    """A parser for which what is light is face."""

    def classes(self, x: torch.Tensor) -> torch.Tensor:
        found = torch.zeros(len(x), 19, *x.shape[2:])
        found[:, 1] = (x[:, 0] > 0).float()
        found[:, 0] = 1.0 - found[:, 1]
        return found


def parsed(pack) -> tuple[BestFit, torch.Tensor]:
    """A choice by that parser, and a face: a light square on dark ground."""
    one = choice(pack, 2)
    one.parser = Halves()  # type: ignore[assignment]
    x = faces(-0.5)
    x[..., 16:48, 16:48] = 0.5
    return one, x


def test_new_hair_on_the_photo_s_face_costs_more_than_new_face_beside_it(tiny_pack):
    one, x = parsed(tiny_pack)
    narrow, wide = x.clone(), x.clone()
    narrow[..., 40:48, 16:48] = -0.5
    wide[..., 48:56, 16:48] = 0.5
    assert torch.equal(one._outline(x, torch.stack([narrow, wide], dim=1)).argmin(dim=1), torch.tensor([1]))


def test_new_hair_on_the_forehead_costs_more_than_a_narrower_chin(tiny_pack):
    one, x = parsed(tiny_pack)
    fringe, chin = x.clone(), x.clone()
    fringe[..., 16:24, 16:48] = -0.5
    chin[..., 38:48, 16:48] = -0.5  # more of the face
    assert torch.equal(one._outline(x, torch.stack([fringe, chin], dim=1)).argmin(dim=1), torch.tensor([1]))


def test_if_all_are_like_the_photo_the_least_like_is_taken(tiny_pack):
    x = faces(0.1, likeness=1.0)
    drawn = torch.stack([faces(0.1, likeness=0.9), faces(0.9, likeness=0.5)], dim=1)
    assert choice(tiny_pack, 2).best(x, drawn).tolist() == [1]


def test_any_is_the_first():
    assert AnyNonce.candidates == 1
    assert AnyNonce().best(faces(0.0, 0.0), faces(0.0, 0.0)[:, None]).tolist() == [0, 0]


def test_one_candidate_is_no_choice(tiny_pack):
    with pytest.raises(ConfigError, match=r"nonce\.candidates=1; expected a whole number of at least 2, or nonce=any"):
        BestFit(tiny_pack, 1)
