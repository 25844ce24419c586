"""If this fails, a part of a face is left to the photo, or a hard edge shows around it."""

import math
from types import SimpleNamespace

import pytest
import torch
from scipy.ndimage import gaussian_filter

from riddle_pl.errors import PackError
from riddle_pl.networks.bisenet import BiSeNet
from riddle_pl.packs import load_pack
from riddle_pl.photos.paste.mask import BISENET_FACE, CELEBA_FACE, BiSeNetMap, OvalMap, ParserMap, blur, join_maps


def disc(size: int = 64, radius: float = 18.0, centre: tuple[float, float] = (32.0, 32.0)) -> torch.Tensor:
    place = torch.arange(size) + 0.5
    inside = (place[None, :] - centre[0]) ** 2 + (place[:, None] - centre[1]) ** 2 <= radius**2
    return inside.float()[None, None]


def test_covers_the_face_ends_smoothly_and_is_nothing_at_the_sides():
    face = disc()
    mask = join_maps(face)
    assert (mask[face > 0] > 0.5).all()
    assert (mask[disc(radius=16) > 0] > 0.98).all()
    assert float(mask[0, 0, 32].diff().abs().max()) < 0.4
    assert (mask[disc(radius=26) == 0] == 0).all()
    for whole in (join_maps(torch.ones(1, 1, 64, 64)), join_maps(torch.ones(1, 1, 512, 512))):
        border = torch.cat([whole[..., 0, :], whole[..., -1, :], whole[..., :, 0], whole[..., :, -1]])
        assert (border == 0).all()


@pytest.mark.parametrize("size", [64, 256, 512])
def test_eyes_and_mouth_are_covered_whatever_the_parser_says(size):
    mask = join_maps(torch.zeros(1, 1, size, size))[0, 0]
    for x, y in ((0.375, 0.475), (0.625, 0.475), (0.5, 0.6), (0.42, 0.75), (0.58, 0.75)):
        assert mask[int(y * size), int(x * size)] > 0.5


def test_holes_are_closed():
    holed = disc() - disc(radius=2.5, centre=(24.0, 28.0))
    assert (join_maps(holed)[disc(radius=15) > 0] > 0.98).all()


def test_another_map_is_followed_but_not_far():
    far = disc(radius=6, centre=(12.0, 12.0))
    torch.testing.assert_close(join_maps(disc(), far), join_maps(disc()))
    wider = join_maps(disc(), disc(radius=20))
    assert wider.sum() > join_maps(disc()).sum()
    torch.testing.assert_close(join_maps(disc(), disc(radius=30)), join_maps(disc(), disc(radius=25)))


def test_growing_contains_the_smaller():
    assert (join_maps(disc(), grow=0.05) >= join_maps(disc()) - 1e-6).all()


@pytest.mark.parametrize("deviation", [0.5, 1.3, 6.0])
def test_blur_is_one_with_a_sampled_gaussian_over_a_continued_border(deviation):
    x = torch.rand(2, 3, 33, 41, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = gaussian_filter(x.numpy(), deviation, radius=math.ceil(3 * deviation), axes=(2, 3), mode="nearest")
    torch.testing.assert_close(blur(x, deviation), torch.from_numpy(expected), rtol=0, atol=1e-6)


def test_blur_keeps_means_and_constants():
    torch.testing.assert_close(blur(torch.full((1, 2, 9, 9), 3.0), 1.5), torch.full((1, 2, 9, 9), 3.0))
    point = torch.zeros(1, 1, 33, 33)
    point[..., 16, 16] = 1.0
    spread = blur(point, 2.0)
    assert float(spread.sum()) == pytest.approx(1.0, abs=1e-4)
    torch.testing.assert_close(spread, spread.transpose(-1, -2))


def test_parser_and_bisenet_count_the_classes_of_a_face(tiny_pack, monkeypatch):
    class Says(torch.nn.Module):
        def __init__(self, label: int):
            super().__init__()
            self.label = label

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits = torch.zeros(len(x), 19, *x.shape[2:])
            logits[:, self.label] = 50.0
            return logits

    monkeypatch.setattr(BiSeNetMap, "size", 32)
    x = torch.zeros(2, 3, 64, 64)
    for label in range(19):
        bisenet = BiSeNetMap(tiny_pack)
        bisenet.__dict__["_network"] = Says(label)
        found = bisenet(x)
        assert found.shape == (2, 1, 32, 32)
        assert float(found.mean()) == pytest.approx(float(label in BISENET_FACE), abs=1e-4)
        parser = ParserMap(tiny_pack)
        parser.__dict__["_network"] = Says(label)
        assert float(parser(x).mean()) == pytest.approx(float(label in CELEBA_FACE), abs=1e-4)


def test_which_classes_are_face():
    celeba = [
        "background",
        "skin",
        "nose",
        "glasses",
        "l_eye",
        "r_eye",
        "l_brow",
        "r_brow",
        "l_ear",
        "r_ear",
        "mouth",
        "u_lip",
        "l_lip",
        "hair",
        "hat",
    ]
    bisenet = [
        "background",
        "skin",
        "l_brow",
        "r_brow",
        "l_eye",
        "r_eye",
        "glasses",
        "l_ear",
        "r_ear",
        "earring",
        "nose",
        "mouth",
        "u_lip",
        "l_lip",
        "neck",
    ]
    assert {celeba[index] for index in CELEBA_FACE} == set(celeba) - {"background", "hair", "hat"}
    assert {bisenet[index] for index in BISENET_FACE} == set(bisenet) - {"background", "earring", "neck"}


def test_bisenet_takes_normalised_images(monkeypatch):
    seen = []
    network = BiSeNet().eval()
    network.cp.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    face_map = BiSeNetMap(load_pack("mobile"))
    face_map.__dict__["_network"] = network
    monkeypatch.setattr(BiSeNetMap, "size", 32)
    assert face_map(torch.ones(1, 3, 16, 16)).shape == (1, 1, 32, 32)
    white = torch.tensor([0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225])
    torch.testing.assert_close(seen[0][0, :, 0, 0], white)


@pytest.mark.parametrize("pack", ["mobile", "ffhq256"])
def test_bisenet_that_was_not_fetched_says_how(pack, tmp_path, monkeypatch):
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path))
    with pytest.raises(PackError, match=f"riddle weights fetch face_mask --pack {pack}"):
        BiSeNetMap(load_pack(pack))(torch.zeros(1, 3, 8, 8))


def test_a_parser_of_other_classes_is_refused(tiny_pack, monkeypatch):
    for classes in (6, 12):
        monkeypatch.setattr(type(tiny_pack), "load", lambda _, __, n=classes: torch.nn.Conv2d(3, n, 1))
        with pytest.raises(PackError, match=f"parser knows {classes} classes, not the 19 .*; choose mask=oval"):
            ParserMap(tiny_pack)(torch.zeros(1, 3, 32, 32))


def test_the_oval_is_the_same_for_all():
    maps = OvalMap(64)(torch.randn(3, 3, 8, 8))
    assert maps.shape == (3, 1, 64, 64)
    assert torch.equal(maps[0], maps[2])
    assert 0.5 < float(maps.mean()) < 0.7
    assert OvalMap()(torch.zeros(1, 3, 8, 8)).shape == (1, 1, 64, 64)
    for axis in (2, 3):
        assert torch.equal(maps, maps.flip(axis))


def crossing(row: torch.Tensor, start: int, step: int) -> int:
    """Pixels from ``start`` to where a mask falls below one half."""
    return int((row[start::step] < 0.5).nonzero()[0])


def big_disc() -> torch.Tensor:
    return disc(512, 144.0, (256.0, 256.0))


def test_how_far_the_mask_reaches_and_how_soft_it_ends():
    row = join_maps(big_disc())[0, 0, 256]
    edge = crossing(row, 256, 1)
    assert edge == pytest.approx(144 + 0.03 * 512, abs=1)  # grown by 0.01, and by 0.02 so that the blur is outside
    deviation = 0.02 * 512
    for offset, weight in ((-deviation, 0.841), (deviation, 0.159)):  # a Gaussian's distribution function
        assert float(row[256 + round(edge + offset)]) == pytest.approx(weight, abs=0.03)
    assert crossing(join_maps(big_disc(), grow=0.04)[0, 0, 256], 256, 1) == pytest.approx(144 + 0.06 * 512, abs=1)


@pytest.mark.parametrize(("share", "counts"), [(0.4, False), (0.5, False), (0.6, True)])
def test_a_pixel_is_face_that_is_so_by_more_than_half(share, counts):
    nothing = torch.zeros(1, 1, 64, 64)
    torch.testing.assert_close(join_maps(share * disc()), join_maps(disc() if counts else nothing))
    more = join_maps(disc(), share * disc(radius=20))
    torch.testing.assert_close(more, join_maps(disc(), disc(radius=20)) if counts else join_maps(disc()))


def test_the_core_is_in_the_middle_from_left_to_right():
    core = join_maps(torch.zeros(1, 1, 64, 64))
    torch.testing.assert_close(core, core.flip(3))


def test_bisenet_sees_512_pixels():
    assert BiSeNetMap.size == 512


def test_how_far_another_map_is_followed():
    row = join_maps(big_disc(), disc(512, 220.0, (256.0, 256.0)))[0, 0, 256]
    assert crossing(row, 256, 1) == pytest.approx(144 + (0.05 + 0.03) * 512, abs=2)


@pytest.mark.parametrize(("width", "closed"), [(40, True), (66, False)])
def test_how_wide_a_gap_belongs_to_the_face(width, closed):
    """Up to twice 0.02 of the side, and what the mask grows from both sides."""
    slit = torch.ones(1, 1, 512, 512)
    slit[..., :400, 100 - width // 2 : 100 + width // 2] = 0.0
    middle = join_maps(slit)[0, 0, 275, 100]
    assert bool(middle > 0.98) is closed
    assert bool(middle < 0.5) is not closed


def test_where_the_core_ends():
    mask = join_maps(torch.zeros(1, 1, 512, 512))[0, 0]
    reach = 0.03
    assert crossing(mask[round(0.6 * 512)], 256, 1) == pytest.approx((0.17 + reach) * 512, abs=2)
    column = mask[:, 256]
    assert crossing(column, round(0.6 * 512), 1) == pytest.approx((0.22 + reach) * 512, abs=2)
    assert crossing(column.flip(0), 512 - round(0.6 * 512), 1) == pytest.approx((0.22 + reach) * 512, abs=2)


def test_where_a_mask_of_the_whole_square_ends():
    row = join_maps(torch.ones(1, 1, 512, 512))[0, 0, 256]
    place = (torch.arange(512) + 0.5) / 256 - 1
    assert (row[place.abs() < 0.8] == 1.0).all()
    assert (row[place.abs() > 0.97] == 0.0).all()
    assert float(place[row >= 0.5].max()) == pytest.approx(0.885, abs=0.005)
    assert (row[256:].diff() <= 0).all()


def test_weights_that_no_pixel_can_show_are_none():
    mask = join_maps(big_disc())
    assert 1 / 512 <= float(mask[mask > 0].min()) < 2 / 512


@pytest.mark.parametrize(("side", "size"), [(1024, 256), (256, 256), (64, 64)])
def test_parsers_see_at_most_256_pixels(side, size, tiny_pack):
    face_map = ParserMap(tiny_pack)
    face_map.pack = SimpleNamespace(size=side, entry=lambda role: SimpleNamespace(pack=None))
    assert face_map.size == size


def test_the_blur_has_the_deviation_it_is_asked_for():
    point = torch.zeros(1, 1, 65, 65)
    point[..., 32, 32] = 1.0
    across = blur(point, 4.0)[0, 0].sum(dim=0)
    place = torch.arange(65) - 32.0
    assert float((across * place.square()).sum()) == pytest.approx(16.0, rel=0.05)  # cut off at three deviations
    assert int((across > 0).sum()) == 25
    assert blur(point.double(), 4.0).dtype == torch.float64


def test_a_patch_beside_the_head_is_not_pasted_and_a_hole_in_the_face_is() -> None:
    face = torch.zeros(1, 1, 64, 64)
    face[..., 16:56, 16:48] = 1.0
    face[..., 22:26, 20:28] = 0.0  # a brow that counts as hair
    alone = join_maps(face)
    patched = face.clone()
    patched[..., 4:10, 54:60] = 1.0
    assert torch.equal(join_maps(patched), alone)
    assert (alone[..., 22:26, 20:28] == 1.0).all()


def test_a_parser_of_another_pack_sees_faces_of_the_size_that_it_knows() -> None:
    assert ParserMap(load_pack("mobile")).size == load_pack("lite").size
    assert ParserMap(load_pack("lite")).size == 64
