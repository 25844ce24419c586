"""SphereFace-20, a recogniser of twenty layers, with public key names (``sphere20a_20171020.pth``).

Source: Liu et al., "SphereFace: Deep Hypersphere Embedding for Face Recognition", CVPR 2017; PyTorch port
https://github.com/clcarwin/sphereface_pytorch.
"""

from jaxtyping import Float
from torch import Tensor, nn

STAGES = ((64, 3), (128, 5), (256, 9), (512, 3))
"""Channels and convolutions of the stages (Table 2 of the paper); each first convolution halves the resolution."""

INPUT_SIZE = (112, 96)
"""Height and width of the crop."""

CONTRAST = 127.5 / 128.0
"""The network was trained with (pixel - 127.5) / 128."""


class SphereFace20(nn.Module):
    """SphereFace-20 without its classifier.

    Args:
        embedding_dim: length of the embedding.
        width: factor on all channel counts (1.0 in the public checkpoint).
    """

    def __init__(self, embedding_dim: int = 512, width: float = 1.0):
        super().__init__()
        previous = 3
        for stage, (channels, count) in enumerate(STAGES, 1):
            channels = max(1, round(channels * width))
            for index in range(1, count + 1):
                stride = 2 if index == 1 else 1
                self.add_module(f"conv{stage}_{index}", nn.Conv2d(previous, channels, 3, stride, 1))
                self.add_module(f"relu{stage}_{index}", nn.PReLU(channels))
                previous = channels
        height, breadth = (side // 2 ** len(STAGES) for side in INPUT_SIZE)
        self.fc5 = nn.Linear(previous * height * breadth, embedding_dim)

    def forward(self, x: Float[Tensor, "b 3 112 96"]) -> Float[Tensor, "b d"]:
        """RGB crops in [-1, 1] to embeddings, not normalised. (The network itself takes blue first.)"""
        x = x.flip(1) * CONTRAST
        for stage, (_, count) in enumerate(STAGES, 1):
            x = self._layer(x, stage, 1)
            for index in range(2, count, 2):
                x = x + self._layer(self._layer(x, stage, index), stage, index + 1)
        embedding: Tensor = self.fc5(x.flatten(1))
        return embedding

    def _layer(self, x: Float[Tensor, "b i h w"], stage: int, index: int) -> Float[Tensor, "b o h2 w2"]:
        out: Tensor = self.get_submodule(f"relu{stage}_{index}")(self.get_submodule(f"conv{stage}_{index}")(x))
        return out
