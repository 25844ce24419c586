"""If this fails, an encrypted photo shows a hard edge, or changes where there is no face."""

import numpy as np
import pytest
import torch

from riddle_pl.errors import PhotoError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.photos.paste import blend
from riddle_pl.photos.paste.blend import Layer, paste_layers, supports
from riddle_pl.photos.paste.mask import OvalMap, join_maps
from tests.photos.fakes import PHOTO_SIZE, fake_face, fake_photo

MASK = join_maps(OvalMap(64)(torch.zeros(1, 3, 8, 8)))[0, 0]


def layer(face=None, value: float = 1.0, size: int = 32) -> Layer:
    return Layer(torch.full((3, size, size), value), MASK, ffhq_quad((face or fake_face()).points))


def changeable(layers, neighbours=()) -> np.ndarray:
    inside = np.zeros((PHOTO_SIZE[1], PHOTO_SIZE[0]), dtype=bool)
    for support in supports(PHOTO_SIZE, layers, neighbours):
        height, width = support.changed.shape
        inside[support.top : support.top + height, support.left : support.left + width] |= support.changed
    return inside


@pytest.mark.parametrize("size", [16, 32, 128])
@pytest.mark.parametrize("centre", [(48.0, 40.0), (2.0, 2.0), (94.0, 78.0)])
def test_pixels_outside_the_masks_support_keep_every_bit(centre, size):
    photo = fake_photo()
    before, layers = photo.copy(), [layer(fake_face(centre), size=size)]
    result = paste_layers(photo, layers)
    np.testing.assert_array_equal(photo, before)  # the given photo is left alone
    inside = changeable(layers)
    assert 0 < inside.mean() < 0.5
    np.testing.assert_array_equal(result[~inside], photo[~inside])
    assert (result[inside] != photo[inside]).any(axis=-1).mean() > 0.9


def test_the_middle_is_the_face_and_the_edge_is_soft():
    photo, quad = np.zeros((400, 400, 3), np.uint8), ffhq_quad(fake_face((200.0, 200.0), 50.0).points)
    result = paste_layers(photo, [Layer(torch.ones(3, 32, 32), MASK, quad)])[..., 0].astype(int)
    x, y = quad.mean(axis=0).astype(int)
    assert result[y, x] == 255
    assert result.min() == 0
    assert np.abs(np.diff(result, axis=0)).max() < 40
    assert np.abs(np.diff(result, axis=1)).max() < 40


def test_pasting_the_aligned_face_back_changes_little():
    y, x = np.mgrid[0:80, 0:96]
    photo = np.stack([2 * x, 2 * y, x + y], axis=-1).astype(np.uint8)  # smooth: sampling twice loses nothing
    quad = ffhq_quad(fake_face().points)
    result = paste_layers(photo, [Layer(align_face(photo, quad, 64)[0], MASK, quad)])
    assert np.abs(result.astype(int) - photo.astype(int)).max() <= 2


def test_bands_do_not_show(monkeypatch):
    photo, layers = fake_photo(), [layer()]
    whole, support = paste_layers(photo, layers), changeable(layers)
    monkeypatch.setattr(blend, "BAND_PIXELS", 100)
    assert np.abs(paste_layers(photo, layers).astype(int) - whole).max() <= 1  # grid positions are rounded otherwise
    np.testing.assert_array_equal(changeable(layers), support)


def test_overlapping_faces_share_the_pixels_between_them_in_any_order():
    left, right = fake_face((38.0, 40.0), 8.0), fake_face((58.0, 40.0), 9.0)
    layers = [layer(left, -1.0), layer(right, 1.0)]
    photo = np.full((80, 96, 3), 128, np.uint8)
    result = paste_layers(photo, layers)
    np.testing.assert_array_equal(result, paste_layers(photo, layers[::-1]))
    for face, value in ((left, 0), (right, 255)):
        eyes_to_mouth = slice(40, 48)
        column = int(face.points[2, 0])
        assert (result[eyes_to_mouth, column] == value).all()
    assert (result[~changeable(layers)] == 128).all()


def test_a_neighbour_that_stays_keeps_its_face():
    own, neighbour = fake_face((38.0, 40.0), 8.0), fake_face((54.0, 40.0), 8.0)
    photo, quads = fake_photo(), [ffhq_quad(neighbour.points)]
    layers = [layer(own)]
    result = paste_layers(photo, layers, quads)
    place = np.s_[38:50, 51:58]  # nose and mouth of the neighbour
    assert (paste_layers(photo, layers)[place] != photo[place]).any()
    np.testing.assert_array_equal(result[place], photo[place])
    inside = changeable(layers, quads)
    np.testing.assert_array_equal(result[~inside], photo[~inside])
    assert not inside[place].any()


def test_a_quad_that_lies_elsewhere():
    quad = ffhq_quad(fake_face().points) + 500.0
    with pytest.raises(PhotoError, match="outside the photo"):
        paste_layers(fake_photo(), [Layer(torch.ones(3, 8, 8), MASK, quad)])


def test_the_border_between_two_faces_is_where_both_centres_are_equally_near_in_units_of_their_sides():
    """White and black squares without masks of their own, the second twice as large: the border is at one third."""
    whole = torch.ones(8, 8)
    small, large = (ffhq_quad(fake_face((x, 200.0), d).points) for x, d in ((170.0, 25.0), (290.0, 50.0)))
    photo = np.full((400, 480, 3), 128, np.uint8)
    layers = [Layer(torch.ones(3, 8, 8), whole, small), Layer(-torch.ones(3, 8, 8), whole, large)]
    row = paste_layers(photo, layers)[round(small.mean(axis=0)[1]), :, 0].astype(int)
    a, b = small.mean(axis=0)[0], large.mean(axis=0)[0]
    x = np.arange(480) + 0.5
    nearer = np.abs(x - b) / 200 - np.abs(x - a) / 100
    between = (x > a) & (x < a + 50)
    assert (row[between & (nearer > 0.04)] == 255).all()
    assert (row[(x > a + 60) & (x < b) & (nearer < -0.04)] == 0).all()
    share = np.clip(0.5 + nearer / 0.06, 0, 1)  # 0.03 to either side
    mixed = between & (share > 0.05) & (share < 0.95)
    assert mixed.sum() >= 2
    # the smaller one goes in first, then the larger one over it
    expected = (1 - (1 - share)) * (128 + share * 127)
    np.testing.assert_allclose(row[mixed], expected[mixed], atol=3)


@pytest.mark.parametrize(
    ("drawn", "eyes", "side"), [(8, 10.0, 16), (32, 10.0, 32), (8, 3.0, 12), (64, 10.0, 40), (64, 0.1, 1)]
)
def test_faces_are_brought_to_their_place_smoothly_up_to_a_size_and_never_made_smaller_than_needed(
    drawn, eyes, side, monkeypatch
):
    """A square is four eye distances wide; what is drawn larger than the limit keeps its detail."""
    monkeypatch.setattr(blend, "ENLARGED", 16)
    assert blend._stack(layer(fake_face(eye_distance=eyes), size=drawn)).shape == (1, 4, side, side)


def test_a_hard_edge_in_a_face_stays_within_black_and_white():
    """Smooth enlargement overshoots; a byte beyond 255 would be black."""
    x = torch.cat([torch.full((3, 8, 4), -1.0), torch.full((3, 8, 4), 1.0)], dim=2)
    quad = ffhq_quad(fake_face((48.0, 40.0), 10.0).points)
    middle = round(quad.mean(axis=0)[0])
    row = paste_layers(np.full((80, 96, 3), 128, np.uint8), [Layer(x, torch.ones(8, 8), quad)])[40, :, 0].astype(int)
    assert (row[middle - 15 : middle - 5] < 20).all()
    assert (row[middle + 5 : middle + 15] > 235).all()


def test_a_face_drawn_at_the_size_of_its_place_is_pasted_pixel_by_pixel():
    greys = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    x = torch.from_numpy(greys).permute(2, 0, 1) / 127.5 - 1.0
    quad = np.array([[20.0, 30.0], [20.0, 70.0], [60.0, 70.0], [60.0, 30.0]])
    result = paste_layers(np.zeros((80, 96, 3), np.uint8), [Layer(x, torch.ones(40, 40), quad)])
    np.testing.assert_allclose(result[30:70, 20:60].astype(int), greys, atol=1)
    result[30:70, 20:60] = 0
    assert not result.any()


def test_a_face_between_two_others_leaves_either_its_own():
    quads = [ffhq_quad(fake_face((x, 40.0), 8.0).points) for x in (28.0, 48.0, 68.0)]
    photo = np.full((80, 96, 3), 128, np.uint8)
    result = paste_layers(photo, [Layer(torch.ones(3, 8, 8), torch.ones(8, 8), quads[1])], [quads[0], quads[2]])
    assert (result[40, 41:55] == 255).all()
    assert (result[40, :36] == 128).all()
    assert (result[40, 61:] == 128).all()


def test_an_enlarged_face_is_not_stretched_beyond_its_place():
    x = torch.full((3, 4, 4), -1.0)
    x[:, :, 0] = 1.0  # the first of four columns: the first ten of forty pixels
    row = blend._stack(Layer(x, torch.ones(4, 4), ffhq_quad(fake_face(eye_distance=10.0).points)))[0, 0, 20]
    assert (row > 0).nonzero().flatten().tolist() == list(range(10))


def test_a_face_finer_than_its_place_is_averaged():
    """Every other pixel of a drawn face would be a moiré."""
    place = torch.arange(64)
    board = ((place[:, None] + place[None, :]) % 2 * 2.0 - 1.0).expand(3, 64, 64)
    quad = ffhq_quad(fake_face((48.0, 40.0), 3.1).points)
    result = paste_layers(np.zeros((80, 96, 3), np.uint8), [Layer(board, torch.ones(8, 8), quad)])
    assert (np.abs(result[38:44, 46:51].astype(int) - 128) < 30).all()


def test_the_border_is_the_same_above_each_other_as_beside_each_other():
    small, large = (ffhq_quad(fake_face((x, 100.0), d).points) for x, d in ((70.0, 12.0), (120.0, 25.0)))
    photo = np.full((200, 220, 3), 128, np.uint8)

    def pasted(image: np.ndarray, *quads: np.ndarray) -> np.ndarray:
        whole, faces = torch.ones(8, 8), (torch.ones(3, 8, 8), -torch.ones(3, 8, 8))
        return paste_layers(image, [Layer(x, whole, quad) for x, quad in zip(faces, quads, strict=True)])

    turned = (np.ascontiguousarray(quad[[0, 3, 2, 1]][:, ::-1]) for quad in (small, large))
    beside, above = pasted(photo, small, large), pasted(np.ascontiguousarray(photo.transpose(1, 0, 2)), *turned)
    assert np.abs(above.transpose(1, 0, 2).astype(int) - beside).max() <= 1


def test_a_face_reaches_the_photos_first_row_and_column():
    photo = np.full((80, 96, 3), 128, np.uint8)
    one = Layer(torch.ones(3, 8, 8), torch.ones(8, 8), ffhq_quad(fake_face((4.0, 4.0)).points))
    (support,) = supports(PHOTO_SIZE, [one])
    assert (support.left, support.top) == (0, 0)
    assert (paste_layers(photo, [one])[0, :4] == 255).all()
    assert (paste_layers(photo, [one])[:4, 0] == 255).all()


def test_faces_far_from_each_other_share_nothing():
    left, right = fake_face((24.0, 40.0), 5.0), fake_face((72.0, 40.0), 5.0)
    photo = fake_photo()
    both = paste_layers(photo, [layer(left), layer(right)])
    np.testing.assert_array_equal(both[:, :48], paste_layers(photo, [layer(left)])[:, :48])
    np.testing.assert_array_equal(both[:, 48:], paste_layers(photo, [layer(right)])[:, 48:])


def test_supports_are_in_the_order_of_the_layers_and_lie_where_they_say():
    left, right = fake_face((30.3, 40.2), 9.0), fake_face((62.0, 42.0), 8.0)  # the first one is the larger
    layers = [layer(left), layer(right)]
    for one, support in zip(layers, supports(PHOTO_SIZE, layers), strict=True):
        corner, end = np.floor(one.quad.min(axis=0)).astype(int), np.ceil(one.quad.max(axis=0)).astype(int)
        assert (support.left, support.top) == (max(0, corner[0]), max(0, corner[1]))
        assert support.changed.shape == (min(80, end[1]) - support.top, min(96, end[0]) - support.left)
        x, y = one.quad.mean(axis=0).astype(int)
        assert support.changed[y - support.top, x - support.left]
