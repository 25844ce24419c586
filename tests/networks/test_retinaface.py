"""If this fails, the second detector is another network than the public one, or its boxes lie elsewhere."""

import numpy as np
import torch

from riddle_pl.faces.detect import FaceDetector
from riddle_pl.faces.retina import RetinaDetector
from riddle_pl.networks.retinaface import RetinaFace
from riddle_pl.packs import load_pack


def test_scores_are_probabilities_and_each_anchor_has_one_of_its_place() -> None:
    found = RetinaFace()(torch.rand(2, 3, 64, 96) * 255)
    assert found.shape == (2, 2 * (8 * 12 + 4 * 6 + 2 * 3), 15)
    assert ((found[..., 0] >= 0) & (found[..., 0] <= 1)).all()


def test_anchors_without_offsets_are_squares_around_their_places() -> None:
    network = RetinaFace()
    for head in (network.boxes, network.points):
        for conv in head:
            torch.nn.init.zeros_(conv.weight)
            torch.nn.init.zeros_(conv.bias)
    (found,) = network(torch.zeros(1, 3, 32, 64))
    torch.testing.assert_close(found[0, 1:5], torch.tensor([4.0 - 8, 4.0 - 8, 4.0 + 8, 4.0 + 8]))
    torch.testing.assert_close(found[1, 1:5], torch.tensor([4.0 - 16, 4.0 - 16, 4.0 + 16, 4.0 + 16]))
    torch.testing.assert_close(found[2, 5:7], torch.tensor([12.0, 4.0]))  # the next place along the row
    torch.testing.assert_close(found[-1, 1:5], torch.tensor([48.0 - 256, 16.0 - 256, 48.0 + 256, 16.0 + 256]))


def test_it_agrees_with_the_other_detector_on_a_face() -> None:
    from skimage import data

    photo = data.astronaut()
    [one], [other] = RetinaDetector(0.9).detect(photo), FaceDetector().detect(photo)
    assert np.abs(one.points - other.points).max() < 6.0  # of an eye distance of 40
    assert np.abs(one.box - other.box).max() < 25.0
    assert one.score > 0.99


def test_what_is_known_of_its_weights() -> None:
    entry = load_pack("lite").entry("face_detector")
    assert entry.license == "MIT"
    assert "biubug6" in entry.origin
