"""A recogniser on FFHQ-aligned images: crop the part that its backbone was trained on, resize, embed."""

from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.errors import PackError
from riddle_pl.networks.mobilefacenet import MobileFaceNet
from riddle_pl.networks.resize import resize


@dataclass(frozen=True)
class CropBox:
    """A box in an FFHQ-aligned image, each side as a fraction of the image's side.

    Raises:
        ValueError: the box is empty or leaves the image.
    """

    top: float
    bottom: float
    left: float
    right: float

    def __post_init__(self) -> None:
        if not (0 <= self.top < self.bottom <= 1 and 0 <= self.left < self.right <= 1):
            raise ValueError(f"{self} is not inside the image; expected 0 <= top < bottom <= 1, and so for left, right")

    def cut(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
        """The pixels in the box, its sides rounded to whole pixels."""
        height, width = x.shape[2:]
        rows = slice(round(self.top * height), round(self.bottom * height))
        columns = slice(round(self.left * width), round(self.right * width))
        return x[:, :, rows, columns]


IRSE50_CROP = CropBox(35 / 256, 223 / 256, 32 / 256, 220 / 256)
"""Rows 35:223 and columns 32:220 of 256 px, as in the authors' and e4e's identity losses."""

MOBILEFACENET_CROP = CropBox(8 / 64, 57 / 64, 11 / 64, 53 / 64)
"""Where the 112x96 five-point template of the public MobileFaceNet falls in an FFHQ-aligned image.

The median of a similarity fit on 200 LFW faces is rows 7.8 to 56.2 and columns 11.1 to 52.5 of 64; this is the nearest
box of the template's aspect on the pixel grid of a 64 px image. With the public CASIA weights it gives 97.6 % on folds
1 and 2 of the LFW pairs from 128 px images and 97.2 % from 64 px. Boxes one 64th higher or lower differ by at most 0.7
points there (1198 pairs, standard error 0.4), in the other direction on CelebA.
"""


class AlignedRecogniser(nn.Module):
    """Embeds FFHQ-aligned images of any size with a backbone that takes crops of a fixed size.

    Args:
        backbone: crops (b, 3, height, width) in [-1, 1] to embeddings (b, d).
        crop: the part of the image that the backbone sees.
        input_size: (height, width) of the backbone's input in pixels.
    """

    def __init__(self, backbone: nn.Module, crop: CropBox, input_size: tuple[int, int]):
        super().__init__()
        self.backbone = backbone
        self.crop = crop
        self.input_size = input_size

    def forward(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        """Images in [-1, 1] to embeddings of unit length; their dot product is the cosine similarity."""
        return F.normalize(self.backbone(self._cropped(x)), dim=1)

    def with_features(self, x: Float[Tensor, "b 3 h h"]) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b c"]]:
        """The embeddings, and the features that they are a linear map of, both of unit length.

        Raises:
            PackError: the backbone is no MobileFaceNet.
        """
        if not isinstance(self.backbone, MobileFaceNet):
            raise PackError(
                f"the recogniser is a {type(self.backbone).__name__}, whose features are not known; traits are read "
                "from those of a MobileFaceNet"
            )
        features = self.backbone.features(self._cropped(x))
        return F.normalize(self.backbone.embedding(features), dim=1), F.normalize(features, dim=1)

    def _cropped(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 height width"]:
        return resize(self.crop.cut(x), self.input_size)
