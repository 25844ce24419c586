"""If this fails, a small re-implementation sees what its paper hides from it, or cannot do what its paper says."""

import pytest
import torch

from riddle_pl.networks.small_methods.ciagan import CiaganSmall
from riddle_pl.networks.small_methods.deepprivacy import DeepPrivacySmall
from riddle_pl.networks.small_methods.face_maps import face_mask, keypoint_maps, outlines
from riddle_pl.networks.small_methods.fit import FitSmall
from riddle_pl.networks.small_methods.unet import ConditionalUNet

WIDTHS = (4, 6, 8)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture
def labels() -> torch.Tensor:
    """A face of skin with two eyes, a nose and a mouth before a background, 32 px."""
    face = torch.zeros(1, 32, 32, dtype=torch.uint8)
    face[:, 6:30, 6:26] = 1
    face[:, 12:14, 9:13] = 4
    face[:, 12:14, 19:23] = 5
    face[:, 16:20, 14:18] = 2
    face[:, 24:26, 12:20] = 10
    return face


def painters() -> list[tuple[torch.nn.Module, torch.Tensor, torch.Tensor]]:
    torch.manual_seed(0)
    return [
        (CiaganSmall(5, WIDTHS), torch.tensor([1, 4]), torch.tensor([2, 4])),
        (DeepPrivacySmall(3, WIDTHS), noise(2, 3), noise(2, 3, seed=1)),
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_the_hidden_face_is_not_seen_and_its_surroundings_stay(labels: torch.Tensor, which: int) -> None:
    network, chosen, other = painters()[which]
    x, both = noise(2, 3, 32, 32), labels.expand(2, -1, -1)
    hidden = face_mask(32) > 0
    painted = network(x, both, chosen)
    assert torch.equal(torch.where(hidden, 0.0, painted), torch.where(hidden, 0.0, x))
    another_face = torch.where(hidden, noise(2, 3, 32, 32, seed=5), x)
    assert torch.equal(network(another_face, both, chosen), painted)
    elsewhere = network(torch.where(hidden, x, -x), both, chosen)
    assert (elsewhere - painted)[hidden.expand_as(painted)].abs().max() > 1e-3
    assert (network(x, both, other) - painted)[hidden.expand_as(painted)].abs().max() > 1e-4
    moved = network(x, both.roll(3, dims=2), chosen)
    assert (moved - painted)[hidden.expand_as(painted)].abs().max() > 1e-4


def test_passwords_reach_fit_which_begins_at_the_image() -> None:
    torch.manual_seed(0)
    network = FitSmall(bits=4, widths=WIDTHS)
    x, p = noise(2, 3, 32, 32), torch.tensor([[1.0, 1.0, -1.0, 1.0]] * 2)
    image = network(x, p)
    assert image.shape == x.shape
    assert 0 < (image - x).abs().mean() < 0.2
    flipped = p.clone()
    flipped[1, 3] = -1.0
    difference = (network(x, flipped) - image).abs().amax(dim=(1, 2, 3))
    assert difference[0] == 0
    assert difference[1] > 1e-4


def test_outlines_are_of_face_nose_and_mouth_but_not_of_eyes(labels: torch.Tensor) -> None:
    drawn = outlines(labels)[0, 0]
    assert drawn[10, 5:7].tolist() == [1, 1]  # the face's left edge
    assert drawn[17, 13] == drawn[23, 15] == 1  # nose, mouth
    assert drawn[12:14, 9:13].sum() == 0
    without = labels.clone()
    without[without > 3] = 1
    assert torch.equal(outlines(without)[0, 0, :14], drawn[:14])
    assert set(drawn.unique().tolist()) == {0.0, 1.0}


def test_keypoints_peak_in_the_middle_of_what_is_seen(labels: torch.Tensor) -> None:
    maps = keypoint_maps(labels)[0]
    peaks = [divmod(int(single.argmax()), 32) for single in maps]
    assert peaks[0] in [(row, column) for row in (12, 13) for column in (10, 11)]
    assert peaks[1] in [(row, column) for row in (12, 13) for column in (20, 21)]
    assert peaks[2] in [(row, column) for row in (17, 18) for column in (15, 16)]
    assert peaks[3] in [(row, column) for row in (24, 25) for column in (15, 16)]
    labels[labels == 4] = 1
    assert keypoint_maps(labels)[0, 0].abs().max() == 0


def test_what_a_network_cannot_take() -> None:
    with pytest.raises(ValueError, match="two or more"):
        ConditionalUNet(3, widths=[8])
    with pytest.raises(ValueError, match="multiples of 4"):
        ConditionalUNet(3, widths=WIDTHS)(noise(1, 3, 30, 32))
    with pytest.raises(ValueError, match="condition"):
        ConditionalUNet(3, condition=2, widths=WIDTHS)(noise(1, 3, 32, 32))
    with pytest.raises(ValueError, match="bits is 0"):
        FitSmall(bits=0)
