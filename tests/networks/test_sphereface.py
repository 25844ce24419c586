"""SphereFace's column of the tables would be another network's."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from riddle_pl.networks.sphereface import SphereFace20


def spelt_out(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """The network layer by layer, as the paper's Table 2 lists it, on blue-green-red pixels."""

    def layer(x: Tensor, name: str, stride: int = 1) -> Tensor:
        out = F.conv2d(x, state[f"conv{name}.weight"], state[f"conv{name}.bias"], stride, padding=1)
        return F.prelu(out, state[f"relu{name}.weight"])

    for stage, pairs in (("1", ["23"]), ("2", ["23", "45"]), ("3", ["23", "45", "67", "89"]), ("4", ["23"])):
        x = layer(x, f"{stage}_1", stride=2)
        for first, second in pairs:
            x = x + layer(layer(x, f"{stage}_{first}"), f"{stage}_{second}")
    return F.linear(x.flatten(1), state["fc5.weight"], state["fc5.bias"])


@pytest.fixture
def network() -> SphereFace20:
    torch.manual_seed(0)
    return SphereFace20(embedding_dim=8, width=0.0625).eval()


def test_layers_are_those_of_the_paper(network: SphereFace20) -> None:
    pixels = torch.randint(0, 256, (2, 3, 112, 96)).float()
    blue_first = (pixels.flip(1) - 127.5) / 128
    torch.testing.assert_close(network(pixels / 127.5 - 1), spelt_out(network.state_dict(), blue_first))


def test_twenty_layers_at_full_size() -> None:
    with torch.device("meta"):
        state = SphereFace20().state_dict()
    assert sum(key.startswith("conv") and key.endswith("weight") for key in state) == 20
    assert state["fc5.weight"].shape == (512, 512 * 7 * 6)
