"""The features that LPIPS compares (Zhang et al., CVPR 2018): VGG-16 trunk, normalised and weighted per channel."""

import itertools
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.formats.checkpoint_files import load_strict, read_checkpoint

CHANNELS = (64, 128, 256, 512, 512)
"""Of the maps: what VGG-16 (configuration D) gives before each max pooling."""
STAGE_ENDS = (4, 9, 16, 23, 30)
"""Layers of the trunk up to each of them."""

EPSILON = 1e-10


class LPIPSFeatures(nn.Module):
    """Images to five feature maps whose squared difference, summed over channels and averaged over positions, is LPIPS.

    The trunk is random until :meth:`load_trunk` or a state dict fills it; nothing is downloaded.
    The root is taken of a clamped sum, so that the gradient at an all-zero feature is finite.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = make_layers(cfgs["D"], batch_norm=False)[: STAGE_ENDS[-1]]
        for stage, channels in enumerate(CHANNELS):
            self.register_buffer(f"weight_{stage}", torch.ones(channels, 1, 1))
        self.register_buffer("mean", torch.tensor([-0.030, -0.088, -0.188])[:, None, None])
        self.register_buffer("std", torch.tensor([0.458, 0.448, 0.450])[:, None, None])

    def load_trunk(self, state: Mapping[str, Tensor], source: str) -> None:
        """Loads torchvision's ImageNet weights, and the channel weights of LPIPS 0.1 from the package ``lpips``.

        Raises:
            CheckpointError: the weights do not fit VGG-16, or the package lacks its file.
        """
        trunk = {key.removeprefix("features."): value for key, value in state.items() if key.startswith("features.")}
        load_strict(self.features, trunk, source)
        for stage, weight in enumerate(channel_weights()):
            self.get_buffer(f"weight_{stage}").copy_(weight)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Images in [-1, 1], at least 16 px."""
        x = (x - self.mean) / self.std
        maps = []
        for stage, (start, end) in enumerate(itertools.pairwise((0, *STAGE_ENDS))):
            x = self.features[start:end](x)
            energy = x.square().sum(dim=1, keepdim=True).clamp_min(EPSILON)
            unit = x * energy.rsqrt()
            maps.append(unit.mul_(self.get_buffer(f"weight_{stage}").sqrt()))
        return maps


def channel_weights() -> list[Float[Tensor, "c 1 1"]]:
    """The learned non-negative weights of LPIPS 0.1 for VGG-16, which ship inside the package ``lpips``.

    Raises:
        CheckpointError: the package is not installed or its file is missing.
    """
    spec = find_spec("lpips")
    if spec is None or spec.origin is None:
        raise CheckpointError("the package lpips is not installed; pip install lpips")
    path = Path(spec.origin).parent / "weights" / "v0.1" / "vgg.pth"
    state = read_checkpoint(path)
    return [state[f"lin{stage}.model.1.weight"][0].clamp_min(0.0) for stage in range(len(CHANNELS))]
