"""If this fails, a face gets a person who looks elsewhere, or the very person who is to be hidden."""

import math
from types import SimpleNamespace

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.photos import nonces
from riddle_pl.photos.face_coder import EncryptedCode
from riddle_pl.photos.nonces import (
    AGE,
    CHILD,
    CONTRAST,
    ENOUGH,
    FOREHEAD,
    SEX,
    SHADE,
    SKIN,
    AnyNonce,
    BestFit,
    Choice,
    best_codes,
)


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
    assert choice(tiny_pack).best(x, drawn).number.tolist() == [2, 1]


def test_who_is_like_the_photo_is_not_taken_however_well_they_fit(tiny_pack):
    x = faces(0.1, likeness=1.0)
    drawn = torch.stack([faces(0.1, likeness=1.0), faces(0.9)], dim=1)
    assert choice(tiny_pack, 2).best(x, drawn).number.tolist() == [1]


def test_of_people_who_fit_as_well_the_one_least_like_the_others_is_taken(tiny_pack):
    x = faces(0.1, likeness=-1.0)
    drawn = torch.stack([faces(0.4, likeness=0.3), faces(0.4, likeness=0.3), faces(0.4, likeness=-0.1)], dim=1)
    assert choice(tiny_pack, 3).best(x, drawn).number.tolist() == [2]
    likeness = nonces._likeness(torch.eye(3)[None, [0, 0, 1]])
    torch.testing.assert_close(likeness, torch.tensor([[0.5, 0.5, 0.0]]))


class Features(Fixed):
    """A recogniser whose features are the red of an image's first four pixels."""

    def with_features(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.embed(x), x[:, 0, 0, :4]


def without_traits(pack) -> tuple[BestFit, torch.Tensor, torch.Tensor]:
    """A choice by the features themselves, a photo, and three people who fit it the less well the later they come."""
    one = choice(pack, 3)
    one.judge = Features()  # type: ignore[assignment]
    one.__dict__["_traits"] = torch.nn.Identity()
    x = faces(0.1)
    drawn = torch.stack([faces(0.1), faces(0.12), faces(0.5)], dim=1)
    x[:, 0, 0] = 0.0  # the same when it is mirrored
    drawn[:, :, 0, 0] = 0.0
    x[:, 2, -1, -1] = 1.0
    return one, x, drawn


@pytest.mark.parametrize("trait", [0, 1, 2])
def test_a_person_of_another_sex_or_age_is_not_taken_if_others_fit(tiny_pack, trait):
    one, x, drawn = without_traits(tiny_pack)
    drawn[:, 0, 0, 0, trait] = 6.0
    assert one.best(x, drawn).number.tolist() == [1]
    assert one.best(x, drawn).misfit.item() == 0
    apart = (6 * SHADE, 6 * AGE, 6 * CHILD)[trait]  # the photo's sex is 0: even odds, whoever is chosen
    assert one.best(x, drawn[:, [0, 0]]).misfit.item() == pytest.approx(apart - ENOUGH, rel=1e-5)


def test_a_person_with_glasses_is_not_taken_if_others_fit(tiny_pack):
    one, x, drawn = without_traits(tiny_pack)
    assert one.best(x, drawn).number.tolist() == [0]
    drawn[:, 0, 0, 0, 3] = 1.0
    assert one.best(x, drawn).number.tolist() == [1]


def test_of_a_child_sex_and_age_do_not_count():
    child, adult = torch.tensor([[1.0, 3.0, 1.0, 0.0]]), torch.tensor([[1.0, 3.0, 0.0, 0.0]])
    other = torch.tensor([[[-1.0, 5.0, 1.0, 1.0]]])
    assert nonces._apart(child, other).item() == 0
    assert nonces._apart(adult, other).item() == pytest.approx(SEX + 2 * SHADE + 2 * AGE + CHILD, rel=1e-3)


def test_of_a_face_of_unclear_sex_one_like_it_is_chosen_else_one_whose_sex_is_surely_the_same():
    woman, unclear, man = torch.tensor([-0.9]), torch.tensor([0.0]), torch.tensor([0.9])
    candidates = torch.zeros(1, 3, 4)
    candidates[0, :, 0] = torch.cat([woman, unclear, man])
    for sex, order in ((woman, [0, 1, 2]), (unclear, [1, 0, 2]), (man, [2, 1, 0])):
        cost = nonces._apart(torch.tensor([[float(sex), 0.0, 0.0, 0.0]]), candidates)
        assert cost[0].argsort(stable=True).tolist() == order


def test_a_faded_face_and_a_made_up_one_are_not_taken_if_others_fit(tiny_pack):
    one = choice(tiny_pack, 3)
    x = faces(0.1)
    x[..., 26:35, 18:30] = -0.6
    x[:, 2, -1, -1] = 1.0
    faded, made_up = x * 0.4 + 0.06, x * 1.6 - 0.06
    drawn = torch.stack([faded, made_up, x.clone()], dim=1)
    drawn[:, :, 2, -1, -1] = 0.0
    costs = CONTRAST * one._distance(nonces._contrast, x, drawn)[0]
    assert costs[:2].min() > 0.3 * CONTRAST
    assert costs[2] == 0
    assert one.best(x, drawn).number.tolist() == [2]


class Numbered:
    """Draws a face for each code, as light as its number among all that were drawn."""

    def __init__(self) -> None:
        self.drawn = 0

    def encrypt(self, w, keys, linkable, context):
        codes = [EncryptedCode(code + self.drawn + k, code + self.drawn + k, keys[k]) for k, code in enumerate(w)]
        self.drawn += len(w)
        return codes

    def sketch(self, shown: torch.Tensor) -> torch.Tensor:
        return shown[:, :1, :1, None].expand(-1, 3, 4, 4)


def pairs(best, rounds: int) -> SimpleNamespace:
    """A choice between two candidates at a time."""
    return SimpleNamespace(candidates=2, rounds=rounds, best=best)


def test_others_are_drawn_only_for_faces_whom_nobody_fits_and_the_nearest_is_kept():
    looked_at = []

    def second(x: torch.Tensor, drawn: torch.Tensor) -> Choice:
        looked_at.append(drawn[:, :, 0, 0, 0].tolist())
        misfit = torch.where(x[:, 0, 0, 0] > 0, 0.0, (drawn[:, 1, 0, 0, 0] - 5).abs())
        return Choice(torch.ones(len(x), dtype=torch.long), misfit)

    w, keys = torch.zeros(2, 1, 1), [b"first", b"second"]
    codes = best_codes(Numbered(), pairs(second, 3), w, keys, [False, False], faces(0.5, -0.5))
    assert looked_at == [[[0, 2], [1, 3]], [[4, 5]]]
    assert [int(code.shown) for code in codes] == [2, 5]
    assert [code.nonce for code in codes] == keys


def test_if_nobody_fits_the_nearest_of_all_rounds_is_taken():
    def first(x: torch.Tensor, drawn: torch.Tensor) -> Choice:
        return Choice(torch.zeros(len(x), dtype=torch.long), (drawn[:, 0, 0, 0, 0] - 2).abs() + 1)

    coder = Numbered()
    (code,) = best_codes(coder, pairs(first, 3), torch.zeros(1, 1, 1), [b"k"], [False], faces(0.5))
    assert coder.drawn == 6
    assert int(code.shown) == 2


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


def seen(one: BestFit, x: torch.Tensor, *drawn: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return one.parser.classes(x), torch.stack([one.parser.classes(faces) for faces in drawn], dim=1)


def test_a_person_with_another_skin_is_not_taken_if_others_fit(tiny_pack):
    one, x = parsed(tiny_pack)
    pale, alike = x.clone(), x.clone()
    pale[..., 16:48, 16:48] = 0.95
    alike[..., 16:48, 16:48] = 0.45
    x[:, 2, -1, -1] = 1.0
    assert one.best(x, torch.stack([pale, alike], dim=1)).number.tolist() == [1]
    assert one.best(x, torch.stack([pale, pale], dim=1)).misfit.item() == 0
    pale[..., 16:48, 16:48] = 0.01
    x[:, :, 16:48, 16:48] = 1.0
    far = one.best(x, torch.stack([pale, pale], dim=1)).misfit.item()
    assert far == pytest.approx(SKIN * math.log(1.05 / 0.555) - ENOUGH, rel=1e-3)


def test_new_hair_on_the_photo_s_face_costs_more_than_new_face_beside_it(tiny_pack):
    one, x = parsed(tiny_pack)
    narrow, wide = x.clone(), x.clone()
    narrow[..., 40:48, 16:48] = -0.5
    wide[..., 48:56, 16:48] = 0.5
    assert torch.equal(nonces._outline(*seen(one, x, narrow, wide)).argmin(dim=1), torch.tensor([1]))


def test_new_hair_on_the_forehead_costs_more_than_a_narrower_chin(tiny_pack):
    one, x = parsed(tiny_pack)
    fringe, chin = x.clone(), x.clone()
    fringe[..., 16:24, 16:48] = -0.5
    chin[..., 38:48, 16:48] = -0.5  # more of the face
    classes = seen(one, x, fringe, chin)
    costs = nonces._outline(*classes) + FOREHEAD * nonces._covered(*classes)
    assert costs.argmin(dim=1).item() == 1
    assert nonces._covered(*classes)[0].tolist() == pytest.approx([8 / 32, 0.0])


def test_a_face_whose_shadows_are_deeper_than_the_photo_s_costs_more(tiny_pack):
    one, x = parsed(tiny_pack)
    x[..., 16:48, 16:32] = 0.3
    shadowed, flat = x.clone(), x.clone()
    shadowed[..., 16:48, 16:48] = torch.tensor([0.02, 0.9]).repeat_interleave(16)
    flat[..., 16:48, 16:48] = 0.4
    drawn = torch.stack([shadowed, flat], dim=1)
    costs = nonces._skin(x, one.parser.classes(x), drawn, seen(one, x, shadowed, flat)[1])[0]
    assert costs[0] > costs[1] + 0.8 * CONTRAST


def test_if_all_are_like_the_photo_the_least_like_is_taken(tiny_pack):
    x = faces(0.1, likeness=1.0)
    drawn = torch.stack([faces(0.1, likeness=0.9), faces(0.9, likeness=0.5)], dim=1)
    assert choice(tiny_pack, 2).best(x, drawn).number.tolist() == [1]


def test_any_is_the_first():
    assert AnyNonce.candidates == 1
    assert AnyNonce().best(faces(0.0, 0.0), faces(0.0, 0.0)[:, None]).number.tolist() == [0, 0]


def test_one_candidate_is_no_choice(tiny_pack):
    with pytest.raises(ConfigError, match=r"nonce\.candidates=1; expected a whole number of at least 2, or nonce=any"):
        BestFit(tiny_pack, 1)
    with pytest.raises(ConfigError, match=r"nonce\.rounds=0; expected a whole number of at least 1"):
        BestFit(tiny_pack, rounds=0)
