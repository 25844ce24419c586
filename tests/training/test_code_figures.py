"""A failure here: validation would not show that the password does nothing, or show it where it does."""

import pytest
import torch
from torch import Tensor

from riddle_pl.losses import StepFeatures
from riddle_pl.losses.code_space import CodeSpace
from riddle_pl.training.code_figures import SPREAD_OF_FACES, SPREAD_OF_PASSWORDS, code_figures

DIM = 256
FACES = 12


def people(seed: int) -> Tensor:
    """Random people, n = 2, around 5."""
    return 5.0 + torch.randn(FACES, 1, DIM, generator=torch.Generator().manual_seed(seed)).expand(-1, 2, -1)


def figures(**codes: Tensor) -> dict[str, float]:
    """Of a step whose codes are all of different people, but for those that are given."""
    space = CodeSpace(5.0 + torch.randn(4000, DIM, generator=torch.Generator().manual_seed(0)))
    names = ("x", "x_enc1", "x_enc2", "x_dec", "x_wrong1", "x_wrong2", "shared")
    latents = {name: people(seed) for seed, name in enumerate(names, start=1)} | codes

    def no_pictures(w: Tensor) -> Tensor:
        raise AssertionError("a picture was drawn")

    step = StepFeatures(latents, None, no_pictures, {}, code_space=space)
    return {name: float(value) for name, value in code_figures(step, space).items()}


def test_random_people_are_unlike_each_other_and_far_apart() -> None:
    seen = figures()
    assert set(seen) == {
        "val/codes/deid",
        "val/codes/recovery",
        "val/codes/wrong_password",
        "val/codes/two_passwords",
        "val/codes/two_wrong_passwords",
        SPREAD_OF_PASSWORDS,
        SPREAD_OF_FACES,
    }
    for name, value in seen.items():
        assert value == pytest.approx(1.0 if "spread" in name else 0.0, abs=0.12), name


@pytest.mark.parametrize(
    ("name", "codes", "figure", "value"),
    [
        ("both encryptions", {"x_enc1": people(1), "x_enc2": people(1)}, "val/codes/deid", 1.0),
        ("one encryption", {"x_enc2": people(1)}, "val/codes/deid", 0.5),
        ("recovery", {"x_dec": people(1)}, "val/codes/recovery", 1.0),
        ("one wrong password", {"x_wrong1": people(1)}, "val/codes/wrong_password", 0.5),
        ("other wrong password", {"x_wrong2": people(1)}, "val/codes/wrong_password", 0.5),
        ("passwords", {"x_enc2": people(2)}, "val/codes/two_passwords", 1.0),
        ("wrong passwords", {"x_wrong2": people(5)}, "val/codes/two_wrong_passwords", 1.0),
        ("spread of passwords", {"x_enc2": people(2)}, SPREAD_OF_PASSWORDS, 0.0),
        ("spread of faces", {"shared": people(1)[:1].expand(FACES, -1, -1)}, SPREAD_OF_FACES, 0.0),
    ],
)
def test_each_figure_is_of_the_codes_in_its_name(
    name: str, codes: dict[str, Tensor], figure: str, value: float
) -> None:
    seen = figures(**codes)
    assert seen[figure] == pytest.approx(value, abs=0.06)


def test_codes_that_all_lie_at_the_mean_are_one_face_although_their_cosine_says_nothing() -> None:
    mean = torch.full((FACES, 2, DIM), 5.0)
    near = {name: mean + 0.1 * (people(seed) - 5.0) for seed, name in ((8, "x_enc1"), (9, "x_enc2"), (10, "shared"))}
    seen = figures(**near)
    assert seen["val/codes/two_passwords"] < 0.1
    assert seen[SPREAD_OF_PASSWORDS] < 0.02
    assert seen[SPREAD_OF_FACES] < 0.02


def test_one_face_has_no_other_to_be_compared_with() -> None:
    one = {name: people(1)[:1] for name in ("x", "x_enc1", "x_enc2", "x_dec", "x_wrong1", "x_wrong2", "shared")}
    assert SPREAD_OF_FACES not in figures(**one)
