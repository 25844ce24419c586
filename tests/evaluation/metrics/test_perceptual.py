"""If this fails, LPIPS, or the distance of a pack's features, is another number than its name says."""

import lpips
import pytest
import torch

from riddle_pl.evaluation.metrics import PerceptualDistance
from riddle_pl.networks.lpips_features import LPIPSFeatures, channel_weights


def test_worked_by_hand():
    # level 1: two positions, two channels; level 2: one position
    maps = [torch.tensor([[[[1.0, 0.0]], [[2.0, 0.0]]]]), torch.tensor([[[[3.0]]]])]
    zeros = [torch.zeros_like(level) for level in maps]
    metric = PerceptualDistance()
    metric.update(maps, zeros)
    assert metric.compute().mean == pytest.approx((1 + 4 + 0) / 2 + 9)
    metric.reset()
    metric.update(maps, maps)
    assert metric.compute() == (0.0, 0.0, 0.0, 1)


@torch.no_grad()
def test_with_vgg_features_it_equals_the_lpips_package():
    torch.manual_seed(0)
    library = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False).eval()  # its trunk at random: none is downloaded
    ours = LPIPSFeatures().eval()
    trunk = {f"{i}.{kind}": value for i, kind, value in _trunk(library)}
    ours.features.load_state_dict(trunk)
    for stage, weight in enumerate(channel_weights()):
        ours.get_buffer(f"weight_{stage}").copy_(weight)
    x, y = torch.rand(2, 2, 3, 32, 32) * 2 - 1
    metric = PerceptualDistance()
    metric.update(ours(x), ours(y))
    assert metric.compute().mean == pytest.approx(float(library(x, y).mean()), rel=1e-4)


def _trunk(library):
    for key, value in library.net.state_dict().items():
        _, index, kind = key.split(".")  # slice3.12.weight
        yield index, kind, value
