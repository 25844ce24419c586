"""If this fails, a smooth face is pasted into a grainy picture, or a sharp one into a soft picture."""

import numpy as np
import pytest
import torch

from riddle_pl.faces.align import crop_to_photo, transform_points
from riddle_pl.photos.paste.grain import KeepGrain, MatchGrain, look
from riddle_pl.photos.paste.mask import OvalMap, blur, join_maps

SIDE = 160
MASK = join_maps(OvalMap(64)(torch.zeros(1, 3, 8, 8)))
QUAD = np.array([[0.0, 0.0], [0.0, SIDE], [SIDE, SIDE], [SIDE, 0.0]])
EVERYWHERE = torch.ones(SIDE, SIDE, dtype=torch.bool)


def structure(softness: float, seed: int = 0) -> torch.Tensor:
    """Blobs with edges."""
    white = torch.randn(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
    blobs = (blur(white, 6.0) > 0).float() * 0.6 - 0.3
    return blur(blobs, softness).expand(-1, 3, -1, -1).clone()


def noise(deviation: float, size: float = 0.0, seed: int = 5) -> torch.Tensor:
    white = torch.randn(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
    grain = blur(white, size) if size else white
    return (deviation * grain / grain.std()).expand(-1, 3, -1, -1)


def photo_of(x: torch.Tensor) -> np.ndarray:
    return ((x[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()


def matched(x: torch.Tensor, photo: torch.Tensor) -> torch.Tensor:
    return MatchGrain()(x, MASK, photo_of(photo), QUAD)


@pytest.mark.parametrize(("deviation", "size"), [(0.03, 0.0), (0.08, 0.0), (0.05, 0.8)])
def test_noise_of_the_photo(deviation: float, size: float) -> None:
    photo = structure(1.5) + noise(deviation, size)
    wanted, found = look(photo, EVERYWHERE), look(matched(structure(1.5, seed=1), photo), EVERYWHERE)
    assert found.fine == pytest.approx(wanted.fine, rel=0.35)
    assert found.coarse == pytest.approx(wanted.coarse, rel=0.5)


def test_a_sharp_face_in_a_soft_photo_becomes_soft() -> None:
    photo, x = structure(2.5), structure(0.6, seed=1)
    wanted, before = (look(one, EVERYWHERE).detail for one in (photo, x))
    assert before > 2 * wanted
    assert look(matched(x, photo), EVERYWHERE).detail < 1.3 * wanted


def test_a_soft_face_in_a_sharp_photo_becomes_sharper() -> None:
    photo, x = structure(0.6), structure(1.2, seed=1)
    assert look(matched(x, photo), EVERYWHERE).detail > 1.08 * look(x, EVERYWHERE).detail


def test_a_face_that_fits_stays_as_it_is() -> None:
    x = structure(1.2)
    assert (matched(x, x) - x).abs().mean() < 0.01


def test_the_same_noise_in_every_run() -> None:
    photo, x = structure(1.2) + noise(0.05), structure(1.2, seed=1)
    assert torch.equal(matched(x, photo), matched(x, photo))


def test_it_is_done_at_the_pixels_of_the_photo() -> None:
    x = torch.zeros(1, 3, 512, 512)
    assert matched(x, structure(1.2)).shape[-1] == SIDE
    tiny = transform_points(crop_to_photo(QUAD / 16.0, 1), np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]))
    assert MatchGrain()(x, MASK, photo_of(structure(1.2)), tiny) is x  # too few pixels to compare
    assert KeepGrain()(x, MASK, photo_of(structure(1.2)), QUAD) is x
