"""Where glasses stand out from the head: there they are no part of the face, whose place a new one takes."""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.photos.paste.mask import whole_face
from riddle_pl.photos.paste.outline import LONGEST, RAYS, along_rays, ends, largest_beside, polar

END, SAMPLES = 0.03, 8
"""Length of the end of a ray that tells whether the face ends with glasses there, as a share of the side, and at how
many places it is looked at."""
GLASSY = 0.4
"""Share of that end that is glasses."""
BESIDE = 4
"""Rays beside those that end with glasses: the parser sees skin through a lens there, or takes a rim for a brow."""
MOST = 0.4
"""Share of the rays that may end with glasses; where more do, the parser is mistaken."""


def standing_out(face: Float[Tensor, "1 1 m m"], glasses: Float[Tensor, "1 1 m m"]) -> Float[Tensor, "1 1 m m"]:
    """What lies beyond the outline that the face has above and below glasses: 1 there, else 0.

    Args:
        face: share of face, glasses included, in [0, 1].
        glasses: share of glasses.
    """
    worn = (glasses > 0.5).float()
    if not bool(worn.any()):
        return torch.zeros_like(face)
    whole = whole_face(face)
    distance = ends(whole)
    ending = distance[:, None] - torch.linspace(0.0, END, SAMPLES)
    glassy = along_rays(worn, ending.clamp_min(0.0)).mean(dim=1) > GLASSY
    glassy = largest_beside(glassy, BESIDE)
    if not 0 < int(glassy.sum()) <= MOST * RAYS:
        return torch.zeros_like(face)
    limit = torch.where(glassy, _bridged(distance, glassy), LONGEST)
    r, ray = polar(face.shape[-1])
    return whole * (r > limit[ray.round().long() % RAYS])


def _bridged(distance: Float[Tensor, "r"], gap: Bool[Tensor, "r"]) -> Float[Tensor, "r"]:
    """The distances, with those in gaps interpolated around the circle."""
    rays, known = np.arange(RAYS), np.flatnonzero(~gap.numpy())
    return torch.from_numpy(np.interp(rays, known, distance[known].numpy(), period=RAYS)).to(distance)
