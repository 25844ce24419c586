"""FaceNet: the Inception-ResNet of the package ``facenet-pytorch``, on crops in [-1, 1]; nothing is downloaded.

Source: Schroff et al., "FaceNet", CVPR 2015, as trained by https://github.com/davidsandberg/facenet and ported by
https://github.com/timesler/facenet-pytorch.
"""

from jaxtyping import Float
from torch import Tensor, nn

CONTRAST = 127.5 / 128.0
"""The public weights were trained with (pixel - 127.5) / 128."""


class FaceNet(nn.Module):
    """InceptionResnetV1 without its classifier."""

    def __init__(self) -> None:
        super().__init__()
        from facenet_pytorch import InceptionResnetV1

        self.body = InceptionResnetV1(pretrained=None)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 512"]:
        """RGB crops in [-1, 1], 160 px in the public setting, to embeddings of unit length."""
        embedding: Tensor = self.body(x * CONTRAST)
        return embedding
