"""If this fails, a beard stays under a new chin, or the colour of skin is taken from a beard, a mouth or brows."""

import pytest
import torch

from riddle_pl.packs import load_pack
from riddle_pl.photos.paste.regions import BiSeNetRegions, ParserRegions, region_parser

SIDE = 64
SKIN, BROW, GLASSES, UPPER_LIP, NECK, HAIR = 1, 2, 6, 12, 14, 17


class Classes:
    """Stands for BiSeNet: classes as painted."""

    def __init__(self, labels: torch.Tensor):
        self.labels = labels

    def classes(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(self.labels, 19).permute(0, 3, 1, 2).float()


@pytest.fixture
def regions(monkeypatch: pytest.MonkeyPatch) -> BiSeNetRegions:
    monkeypatch.setattr(BiSeNetRegions, "size", SIDE)
    monkeypatch.setattr("riddle_pl.photos.paste.doubt.BITTEN", 1.0)  # what is painted is not doubted
    made = BiSeNetRegions(load_pack("mobile"))
    labels = torch.zeros(1, SIDE, SIDE, dtype=torch.long)
    labels[:, :10, 16:48] = HAIR
    labels[:, 10:50, 16:48] = SKIN
    labels[:, 28:30, 28:36] = BROW
    labels[:, 36:38, 26:38] = UPPER_LIP
    labels[:, 50:, 20:44] = NECK
    made.parser = Classes(labels)
    return made


def photo(beard: float) -> torch.Tensor:
    """Skin of lightness 0.2; the lower face, and the neck to row 58, of another."""
    x = torch.full((1, 3, SIDE, SIDE), 0.2)
    x[:, :, 38:58] = beard
    return x


def test_face_is_all_but_hair_ears_and_neck(regions: BiSeNetRegions) -> None:
    face = regions(photo(0.2)).face[0, 0]
    assert (face[10:50, 16:48] == 1).all()
    assert float(face.sum()) == 40 * 32


def test_brows_and_mouth_are_parts_of_a_face_and_skin_is_none(regions: BiSeNetRegions) -> None:
    parts = regions(photo(0.2)).parts[0, 0]
    assert (parts[28:30, 28:36] == 1).all()
    assert (parts[36:38, 26:38] == 1).all()
    assert float(parts.sum()) == 2 * 8 + 2 * 12


def test_parts_beside_the_middle_are_a_neighbours(regions: BiSeNetRegions) -> None:
    assert isinstance(regions.parser, Classes)
    regions.parser.labels = regions.parser.labels.roll(-20, dims=2)
    seen = regions(photo(0.2))
    assert float(seen.face.mean()) > BiSeNetRegions.LEAST
    assert float(seen.parts.sum()) == 0


def test_glasses_within_the_face_belong_to_it_and_beyond_it_they_do_not(regions: BiSeNetRegions) -> None:
    assert isinstance(regions.parser, Classes)
    regions.parser.labels[:, 26:32, 36:58] = GLASSES
    seen = regions(photo(0.2))
    assert (seen.face[0, 0, 26:32, 16:46] == 1).all()
    assert (seen.face[0, 0, :, 52:] == 0).all()
    assert (seen.glasses[0, 0, 26:32, 52:58] == 1).all()
    assert float(seen.glasses[0, 0, :, :46].sum()) == 0


def test_a_reflection_with_a_little_skin_has_no_parts_of_a_face(regions: BiSeNetRegions) -> None:
    assert isinstance(regions.parser, Classes)
    regions.parser.labels[:, 26:50] = 0
    regions.parser.labels[:, 10:26, :24] = 0
    seen = regions(photo(0.2))
    assert 0 < float(seen.face.mean()) < BiSeNetRegions.LEAST
    assert float(seen.parts.sum()) == 0


def test_a_shaved_chin_is_skin_and_a_neck_stays(regions: BiSeNetRegions) -> None:
    _, _, skin, beard, *_ = regions(photo(0.1))
    assert float(beard.sum()) == 0
    assert (skin[0, 0, 40:50, 16:48] == 1).all()
    assert (skin[0, 0, 36:38, 26:38] == 0).all()
    assert (skin[0, 0, 28:30, 28:36] == 0).all()


def test_a_beard_is_no_skin_and_hides_a_part_of_the_neck(regions: BiSeNetRegions) -> None:
    _, _, skin, beard, *_ = regions(photo(-0.8))
    assert (skin[0, 0, 35:] == 0).all()
    assert (skin[0, 0, 12:26, 16:48] == 1).all()
    assert (beard[0, 0, 50:58, 20:44] == 1).all()
    assert float(beard[0, 0, 59:].sum()) == 0


def test_without_a_mouth_skin_ends_where_mouths_are(regions: BiSeNetRegions) -> None:
    regions.parser.labels[:, 36:38, 26:38] = SKIN
    skin = regions(photo(-0.8)).skin[0, 0]
    assert (skin[32:42, 16:48] == 1).all()
    assert (skin[44:] == 0).all()


def test_the_best_parser_of_a_pack_is_taken() -> None:
    assert isinstance(region_parser(load_pack("mobile")), BiSeNetRegions)
    assert isinstance(region_parser(load_pack("lite")), ParserRegions)


def test_the_small_parser_finds_regions_at_the_size_of_the_mask() -> None:
    x = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = ParserRegions(load_pack("lite"))(x)
    assert {tuple(region.shape) for region in found} == {(2, 1, ParserRegions.size, ParserRegions.size)}


class Bearded:
    """Stands for the small parser: all is hair."""

    def classes(self, x: torch.Tensor) -> torch.Tensor:
        classes = torch.zeros(len(x), 19, 64, 64)
        classes[:, 13] = 1.0
        return classes


def test_the_small_parser_takes_hair_around_the_mouth_for_a_beard() -> None:
    regions = ParserRegions(load_pack("lite"))
    regions.parser = Bearded()
    face = regions(torch.zeros(1, 3, 64, 64)).face[0, 0] > 0.5
    assert face[180:220, 110:146].all()
    assert not face[:120].any()
    assert not face[:, :60].any()
