"""If this fails, the shares of faces found, or the distances of boxes and landmarks, are wrong."""

import math

import pytest
import torch

from riddle_pl.judging.metrics import BoxDistance, DetectionRate, LandmarkDistance

NAN = math.nan


def test_detection_rate():
    metric = DetectionRate()
    metric.update(torch.tensor([True, False]))
    metric.update(torch.tensor([True, True]))
    assert metric.compute().mean == 0.75


def test_distances_worked_by_hand():
    boxes = BoxDistance()
    boxes.update(torch.tensor([[10.0, 20.0, 30.0, 40.0]]), torch.tensor([[12.0, 16.0, 30.0, 42.0]]))
    assert boxes.compute().mean == pytest.approx((2 + 4 + 0 + 2) / 4)
    points = LandmarkDistance()
    points.update(torch.tensor([[[0.0, 0.0], [3.0, 5.0]]]), torch.tensor([[[1.0, 0.0], [0.0, 9.0]]]))
    assert points.compute().mean == pytest.approx((1 + 0 + 3 + 4) / 4)


def test_a_face_that_was_not_found_in_both_images_does_not_count():
    nothing, box = [NAN] * 4, [1.0] * 4
    metric = BoxDistance()
    metric.update(torch.tensor([nothing, box, nothing, box]), torch.tensor([box, nothing, nothing, [2.0] * 4]))
    assert metric.compute()[::3] == (1.0, 1)
    points = LandmarkDistance()
    points.update(torch.full((2, 5, 2), NAN), torch.zeros(2, 5, 2))
    assert math.isnan(points.compute().mean)
    assert points.compute().faces == 0


def test_identical_images_are_no_distance_apart():
    for metric, where in ((BoxDistance(), torch.rand(1, 4)), (LandmarkDistance(), torch.rand(1, 68, 2))):
        metric.update(where, where)
        assert metric.compute() == (0.0, 0.0, 0.0, 1)
