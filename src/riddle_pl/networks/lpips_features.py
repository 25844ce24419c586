"""The features that LPIPS compares (Zhang et al., CVPR 2018): VGG-16 trunk, normalised and weighted per channel."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.formats.checkpoint_files import load_strict, read_checkpoint

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of VGG-16's convolutions; each stage but the first begins with max pooling (configuration D)."""

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
        layers: list[nn.Module] = []
        self.stage_ends: list[int] = []
        channels = 3
        for stage, widths in enumerate(STAGES):
            if stage:
                layers.append(nn.MaxPool2d(2))
            for width in widths:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            self.stage_ends.append(len(layers))
            self.register_buffer(f"weight_{stage}", torch.ones(channels, 1, 1))
        self.features = nn.Sequential(*layers)
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
        start = 0
        for stage, end in enumerate(self.stage_ends):
            x = self.features[start:end](x)
            start = end
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
    return [state[f"lin{stage}.model.1.weight"][0].clamp_min(0.0) for stage in range(len(STAGES))]
