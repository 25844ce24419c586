"""A new face brought to the outline of the one that it replaces, so that jaw and forehead meet the photo's head.

Around the middle of the face, an outline is its distance from there by direction. Along each ray, the picture is
stretched or compressed beyond eyes, brows and mouth, which the alignment has put in place, until its outline lies on
the photo's, or as near as that goes.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

from riddle_pl.photos.paste.mask import CORE_CENTRE, whole_face

RAYS = 180
STEPS = 300
"""Samples of a ray."""
LONGEST = 0.75
"""Length of a ray, as a share of the side."""
SMOOTH = 3.0
"""Deviation of the blur of an outline, in rays."""
STILL = 0.5
"""Share of the way to the photo's outline that does not move."""
CORNER, BESIDE = 0.03, 3
"""How far beyond them nothing moves either, as a share of the side, and on how many rays beside theirs."""
THINNEST = 0.01
"""Width of what is warped, at least, as a share of the side."""
MOST = 0.12
"""How far an outline is moved at most, as a share of the side. What the picture then does not show is to be filled."""
STEEPEST = 0.8
"""Largest share of the way to the outline that a ray may lose or gain at a place; at 1 the picture would fold."""


def outline(face: Float[Tensor, "1 1 m m"]) -> Float[Tensor, "r"]:
    """Distance from the middle to the last face pixel of each ray, smoothed, as a share of the side.

    Args:
        face: share of face in [0, 1]; the middle always counts as face.
    """
    distance = ends(whole_face(face))
    reach = math.ceil(3 * SMOOTH)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / SMOOTH) ** 2)
    around = F.pad(distance[None, None], (reach, reach), mode="circular")
    return F.conv1d(around, (kernel / kernel.sum())[None, None])[0, 0]


def ends(whole: Float[Tensor, "1 1 m m"]) -> Float[Tensor, "r"]:
    """Distance from the middle to the last pixel of each ray that is 1, as a share of the side."""
    lengths = torch.linspace(0.0, LONGEST, STEPS)
    return ((along_rays(whole, lengths.expand(RAYS, -1)) > 0.5) * lengths).amax(dim=1)


def along_rays(image: Float[Tensor, "1 1 m m"], lengths: Float[Tensor, "r t"]) -> Float[Tensor, "r t"]:
    """Values of a map at these distances from the middle, as shares of the side; 0 outside of it."""
    angles = (torch.arange(RAYS) / RAYS * 2.0 * math.pi)[:, None]
    rays = torch.stack([angles.cos() * lengths, angles.sin() * lengths], dim=-1)
    grid = (rays + torch.tensor(CORE_CENTRE)) * 2.0 - 1.0
    return F.grid_sample(image, grid[None], mode="bilinear", padding_mode="zeros", align_corners=False)[0, 0]


def polar(side: int) -> tuple[Float[Tensor, "side side"], Float[Tensor, "side side"]]:
    """Of each pixel: its distance from the middle, as a share of the side, and its ray, between 0 and ``RAYS``."""
    u = (torch.arange(side) + 0.5) / side
    x, y = torch.meshgrid(u - CORE_CENTRE[0], u - CORE_CENTRE[1], indexing="xy")
    ray = torch.remainder(torch.atan2(y, x), 2.0 * math.pi) / (2.0 * math.pi) * RAYS
    return torch.hypot(x, y).clamp_min(1e-6), ray


def unmoved(features: Float[Tensor, "1 1 m m"]) -> Float[Tensor, "r"]:
    """Distance along each ray up to which the picture stays as it is, for its eyes, brows and mouth.

    Args:
        features: share of these in [0, 1].
    """
    beyond = ends((features > 0.5).float())
    beyond = torch.where(beyond > 0.0, beyond + CORNER, 0.0)
    return largest_beside(beyond, BESIDE)


def largest_beside(values: Shaped[Tensor, "r"], rays: int) -> Shaped[Tensor, "r"]:
    """By ray, the largest value among it and so many on each side; of truth values, whether any is true."""
    return torch.stack([values.roll(by) for by in range(-rays, rays + 1)]).amax(dim=0)


def to_outline(
    images: Float[Tensor, "1 c s s"],
    ours: Float[Tensor, "r"],
    theirs: Float[Tensor, "r"],
    still: Float[Tensor, "r"],
) -> Float[Tensor, "1 c s s"]:
    """Images of the new face, warped from its outline to the photo's.

    Along a ray, what lies at r comes from r + d t^2 (3 - 2 t), with d the difference of the outlines, as far as there
    is room for it, and t rising from 0 where the picture stays to 1 at the photo's outline.

    Args:
        images: the picture, or maps of it.
        ours: its outline.
        theirs: the photo's.
        still: of :func:`unmoved`; nothing moves up to there, and up to ``STILL`` of the way.
    """
    r, ray = polar(images.shape[-1])
    before, share = ray.floor().long() % RAYS, ray - ray.floor()
    target, difference, start = (
        torch.lerp(values[before], values[(before + 1) % RAYS], share)
        for values in (theirs, (ours - theirs).clamp(-MOST, MOST), torch.maximum(still, STILL * theirs))
    )
    start = torch.minimum(start, target - THINNEST)
    room = STEEPEST * (target - start) / 1.5  # 1.5 is the steepest slope of t^2 (3 - 2 t)
    difference = torch.maximum(torch.minimum(difference, room), -room)
    t = ((r - start) / (target - start)).clamp(0.0, 1.0)
    scale = 1.0 + difference * t * t * (3.0 - 2.0 * t) / r
    angle = ray / RAYS * 2.0 * math.pi
    x, y = r * scale * angle.cos(), r * scale * angle.sin()
    grid = torch.stack([CORE_CENTRE[0] + x, CORE_CENTRE[1] + y], dim=-1) * 2.0 - 1.0
    return F.grid_sample(images, grid[None], mode="bicubic", padding_mode="border", align_corners=False)
