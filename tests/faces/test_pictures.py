"""If this fails, detectors and dlib look at other pictures than those that are saved."""

import numpy as np
import torch
from skimage.color import rgb2lab

from riddle_pl.faces.pixels import to_lab, to_pictures


def test_pictures_are_8_bit_clipped_and_enlarged():
    x = torch.stack([torch.full((3, 16, 16), value) for value in (-1.5, 0.0, 2.0)])
    pictures = to_pictures(x, 48)
    assert (pictures.shape, pictures.dtype) == ((3, 48, 48, 3), np.uint8)
    assert [set(picture.ravel()) for picture in pictures] == [{0}, {128}, {255}]


def test_a_picture_of_that_size_stays_as_it_is():
    pixels = torch.randint(0, 256, (2, 3, 40, 40))
    assert (to_pictures(pixels / 127.5 - 1, 40) == pixels.permute(0, 2, 3, 1).numpy()).all()


def test_no_images_are_no_pictures():
    assert to_pictures(torch.zeros(0, 3, 8, 8), 32).shape == (0, 32, 32, 3)


def test_cielab_is_scikit_image_s():
    x = torch.rand(2, 3, 9, 7, generator=torch.Generator().manual_seed(0)) * 2 - 1
    expected = rgb2lab((x.numpy() + 1) / 2, channel_axis=1)
    torch.testing.assert_close(to_lab(x), torch.from_numpy(expected).float(), rtol=0, atol=1e-3)
