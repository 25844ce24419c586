"""If this fails, `make bench-photos` crashes, or counts photos that were not encrypted."""

import re

import numpy as np
import pytest

from benchmarks import photos as bench_photos
from riddle_pl.faces.load import load_image


def test_photos_have_a_megapixel_and_differ(tmp_path):
    paths = bench_photos.write_photos(tmp_path / "photos", 3)
    photos = [np.asarray(load_image(path)) for path in paths]
    assert {photo.shape for photo in photos} == {(1024, 1024, 3)}
    assert not any((photos[0] == other).all() for other in photos[1:])


def test_rates_and_memory_are_printed(capsys):
    bench_photos.main(["--photos", "2", "--singles", "1", "--batch-size", "2", "--set", "invert=encoder"])
    out = capsys.readouterr().out
    assert re.search(r"after 2 photos: \d+ MiB", out)
    assert re.search(r"in batches: [\d.]+ photos a second \(2 photos, \d of them encrypted\)", out)
    assert re.search(r"one at a time: [\d.]+ photos a second \(1 photos, \d of them encrypted\)", out)


def test_a_count_that_is_none_is_one_line(capsys):
    with pytest.raises(SystemExit):
        bench_photos.main(["--photos", "0"])
    assert "--photos: invalid whole number of at least 1 value: '0'" in capsys.readouterr().err
