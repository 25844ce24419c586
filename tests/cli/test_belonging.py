"""If this fails, a face is pasted into a stranger's picture, or a result does not say what it is of."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.photos.jobs.metadata import read_mark
from riddle_pl.photos.jobs.plan import is_result
from tests.cli.riddle_command import pixels
from tests.photos.fakes import fake_photo


def test_pictures_that_changed_places_are_an_error(riddle):
    Image.fromarray(255 - fake_photo()).save("other.png")
    for name in ("photo", "other"):
        assert riddle.encrypt(f"{name}.png", "-o", f"{name}_safe.png").status == 0
    Path("photo_safe.png").rename("x.png")
    Path("other_safe.png").rename("photo_safe.png")
    before = riddle.files()
    riddle.refused(riddle.decrypt("photo_safe.riddle"), "another picture", "--image", "--force", before=before)
    assert riddle.decrypt("photo_safe.riddle", "--face-only", "-o", "face.png").status == 0
    assert riddle.decrypt("photo_safe.riddle", "--image", "x.png", "-o", "right.png").status == 0
    assert riddle.decrypt("photo_safe.riddle", "-o", "forced.png", "--force").status == 0
    Path("new").write_text("another password")
    riddle.refused(riddle.rekey("photo_safe.riddle"), "another picture", before=riddle.files())


@pytest.mark.parametrize("mode", ["sealed", "deniable"])
def test_a_mirrored_or_turned_picture_gets_its_face_where_it_is(riddle, mode):
    assert riddle.encrypt("photo.png", "-o", "safe.png", "--mode", mode).status == 0
    assert riddle.decrypt("safe.riddle", "-o", "back.png").status == 0
    expected = pixels("back.png")
    for name, change in (("mirrored", lambda p: p[:, ::-1]), ("turned", lambda p: np.rot90(p))):
        Image.fromarray(np.ascontiguousarray(change(pixels("safe.png")))).save(f"{name}.png")
        result = riddle.decrypt("safe.riddle", "--image", f"{name}.png", "-o", f"{name}_back.png")
        assert result.status == 0, result.err
        found = pixels(f"{name}_back.png")
        if mode == "sealed":
            np.testing.assert_array_equal(found, change(expected))
        else:
            assert np.abs(found.astype(int) - change(expected)).mean() < 2


def test_a_rekeyed_picture_carries_a_mark_and_is_replaced_on_demand(riddle):
    Path("new").write_text("another password")
    assert riddle.encrypt("photo.png", "-o", "safe.png", "--embed").status == 0
    assert riddle.rekey("safe.png").status == 0
    assert read_mark(Path("safe_rekeyed.png")) is not None
    assert is_result(Path("safe_rekeyed.png"))
    riddle.refused(riddle.rekey("safe.png"), "--force replaces it", before=riddle.files())
    assert riddle.rekey("safe.png", "--force").status == 0
    assert riddle.rekey("safe.png", "-o", "photo.png", "--force").status == 2
    np.testing.assert_array_equal(pixels("photo.png"), fake_photo())
    mark = read_mark(Path("safe.png"))
    assert riddle.rekey("safe.png", "--replace").status == 0
    assert read_mark(Path("safe.png")) == mark


def test_black_and_white_in_black_and_white_out(riddle):
    Image.fromarray(fake_photo()).convert("L").save("grey.png")
    assert riddle.encrypt("grey.png", "--set", "colour=seam").status == 0
    assert (pixels("grey.png") != pixels("grey_anonymised.png")).any()
    assert np.ptp(pixels("grey_anonymised.png"), axis=-1).max() == 0
    assert riddle.decrypt("grey_anonymised.riddle").status == 0
    assert np.ptp(pixels("grey_recovered.png"), axis=-1).max() == 0


def test_suffix_quality_and_size_of_outputs(riddle):
    large = np.asarray(Image.fromarray(fake_photo()).resize((960, 800)))
    Image.fromarray(large).save("large.jpg", quality=60, subsampling=2)
    assert riddle.encrypt("large.jpg", "--suffix", "_safe").status == 0
    assert 0.7 < Path("large_safe.jpg").stat().st_size / Path("large.jpg").stat().st_size < 1.4
    assert riddle.encrypt("large.jpg", "--suffix", "_small.png", "--max-size", "120").status == 0
    assert pixels("large_small.png").shape == (100, 120, 3)
    sizes = []
    for quality in ("20", "95"):
        assert riddle.encrypt("large.jpg", "-o", f"q{quality}.jpg", "--quality", quality).status == 0
        sizes.append(Path(f"q{quality}.jpg").stat().st_size)
    assert 2 * sizes[0] < sizes[1]
    for suffix, expected in (
        ("_a/b", "cannot end a name"),
        ("x.gif", "choose .png"),
        ("", "which is read, and is left as it is"),
    ):
        riddle.refused(riddle.encrypt("large.jpg", "--suffix", suffix), expected, before=riddle.files())
