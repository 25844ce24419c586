"""RetinaFace with a MobileNet of a quarter of its width (Deng et al., CVPR 2020), norms folded into convolutions."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

TRUNK = (
    ((8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)),
    ((64, 128, 2), *[(128, 128, 1)] * 5),
    ((128, 256, 2), (256, 256, 1)),
)
"""Channels in and out, and stride, of the depthwise separable convolutions of three stages, after one plain one."""
STRIDES = (8, 16, 32)
"""Stride of the anchors in pixels, by level."""
ANCHORS = ((16, 32), (64, 128), (256, 512))
"""Sides in pixels of the two anchors per location, by level."""
WIDTH = 64
"""Channels of the feature pyramid."""
LEAK = 0.1
MEAN = (123.0, 117.0, 104.0)
"""RGB mean of the training images."""
CENTRE_SCALE, SIDE_SCALE = 0.1, 0.2
"""Scale of the predicted offsets (variances of SSD)."""


def _conv(inner: int, outer: int, kernel: int, stride: int = 1, groups: int = 1, leak: bool = True) -> nn.Module:
    conv = nn.Conv2d(inner, outer, kernel, stride, kernel // 2, groups=groups)
    return nn.Sequential(conv, nn.LeakyReLU(LEAK, inplace=True)) if leak else conv


class Context(nn.Module):
    """Three receptive fields side by side (the "SSH" head of the paper)."""

    def __init__(self, width: int):
        super().__init__()
        half, quarter = width // 2, width // 4
        self.near = _conv(width, half, 3, leak=False)
        self.reduce = _conv(width, quarter, 3)
        self.middle = _conv(quarter, quarter, 3, leak=False)
        self.widen = _conv(quarter, quarter, 3)
        self.far = _conv(quarter, quarter, 3, leak=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        reduced = self.reduce(x)
        return torch.cat([self.near(x), self.middle(reduced), self.far(self.widen(reduced))], dim=1).relu()


class RetinaFace(nn.Module):
    """Finds faces and their five points. Fully convolutional: any height and width that are multiples of 32.

    Weights: those of https://github.com/biubug6/Pytorch_Retinaface (mobilenet0.25), trained on WIDER FACE.
    """

    def __init__(self) -> None:
        super().__init__()
        stages = []
        for number, blocks in enumerate(TRUNK):
            layers = [_conv(3, TRUNK[0][0][0], 3, 2)] if number == 0 else []
            for inner, outer, stride in blocks:
                layers += [_conv(inner, inner, 3, stride, groups=inner), _conv(inner, outer, 1)]
            stages.append(nn.Sequential(*layers))
        self.stages = nn.ModuleList(stages)
        self.lateral = nn.ModuleList(_conv(blocks[-1][1], WIDTH, 1) for blocks in TRUNK)
        self.merge = nn.ModuleList(_conv(WIDTH, WIDTH, 3) for _ in range(2))
        self.context = nn.ModuleList(Context(WIDTH) for _ in STRIDES)
        self.classes, self.boxes, self.points = (
            nn.ModuleList(nn.Conv2d(WIDTH, len(sides) * values, 1) for sides in ANCHORS) for values in (2, 4, 10)
        )

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b n 15"]:
        """Of pictures in [0, 255], RGB: per anchor the score in [0, 1], left, top, right, bottom, and five (x, y), in
        pixels."""
        mean = torch.tensor(MEAN, dtype=x.dtype, device=x.device)[:, None, None]
        features = (x - mean).flip(1)  # the weights are for blue, green, red
        pyramid = []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            features = stage(features)
            pyramid.append(lateral(features))
        for level in (1, 0):
            coarser = F.interpolate(pyramid[level + 1], size=pyramid[level].shape[-2:], mode="nearest")
            pyramid[level] = self.merge[level](pyramid[level] + coarser)
        found = []
        for level, part in enumerate(pyramid):
            seen = self.context[level](part)
            heads = (self.classes[level], self.boxes[level], self.points[level])
            scores, boxes, points = (_by_anchor(head(seen), len(ANCHORS[level])) for head in heads)
            centres, sides = _anchors(level, part.shape[-2], part.shape[-1], x)
            half = sides * torch.exp(boxes[..., 2:] * SIDE_SCALE) / 2
            middle = centres + boxes[..., :2] * CENTRE_SCALE * sides
            spots = (points * CENTRE_SCALE).unflatten(-1, (5, 2)) * sides[:, None] + centres[:, None]
            score = scores.softmax(dim=-1)[..., 1:]
            found.append(torch.cat([score, middle - half, middle + half, spots.flatten(-2)], dim=-1))
        return torch.cat(found, dim=1)


def _by_anchor(x: Float[Tensor, "b c h w"], anchors: int) -> Float[Tensor, "b n v"]:
    return x.permute(0, 2, 3, 1).reshape(len(x), -1, x.shape[1] // anchors)


def _anchors(
    level: int, rows: int, columns: int, like: Float[Tensor, "..."]
) -> tuple[Float[Tensor, "n 2"], Float[Tensor, "n 1"]]:
    """Centres (x, y) and sides in pixels."""
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    centres = (torch.stack([x, y], dim=-1).reshape(-1, 2).to(like) + 0.5) * STRIDES[level]
    sides = torch.tensor(ANCHORS[level]).to(like)
    return centres.repeat_interleave(len(sides), dim=0), sides.repeat(len(centres))[:, None]
