"""A failure here: refined codes would be led by another recogniser than the pack's, or by one that changes."""

import torch
from torch import nn

from riddle_pl.networks.fuse_batch_norms import fuse_batch_norms
from riddle_pl.networks.mobilefacenet import MobileFaceNet
from riddle_pl.networks.recogniser import MOBILEFACENET_CROP, AlignedRecogniser


def trained(network: nn.Module) -> nn.Module:
    """With norms that do something."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value in (module.weight, module.bias, module.running_mean):
                nn.init.normal_(value, 0.5, 0.2)  # type: ignore[arg-type]  # buffers are typed loosely
            nn.init.uniform_(module.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    return network.eval()


def test_a_folded_recogniser_embeds_as_before_and_has_no_norms() -> None:
    recogniser = trained(AlignedRecogniser(MobileFaceNet(16, (48, 32), 0.125), MOBILEFACENET_CROP, (48, 32)))
    before = {key: value.clone() for key, value in recogniser.state_dict().items()}
    folded = fuse_batch_norms(recogniser)
    x = torch.rand(3, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(folded(x), recogniser(x), atol=1e-5, rtol=1e-4)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert not any(parameter.requires_grad for parameter in folded.parameters())
    after = recogniser.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert all(parameter.requires_grad for parameter in recogniser.parameters())


def test_norms_of_other_networks_stay() -> None:
    network = trained(nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)))
    folded = fuse_batch_norms(network)
    x = torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(folded(x), network(x))
    assert isinstance(folded[0], nn.BatchNorm2d)  # type: ignore[index]  # a copy of the Sequential
