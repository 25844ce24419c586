"""What the in-painting methods know of a face: where it is hidden, and where its parts are."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor

FACE_BOX = (0.2, 0.3, 0.8, 0.9)
"""Left, top, right, bottom of the face in an FFHQ-aligned image, as shares of its side: from brows to chin."""

NOSE, EYES, MOUTH = (2,), (4, 5), (10, 11, 12)
OUTSIDE = (0, 3, 13, 14, 15, 16, 18)
"""Labels of CelebAMask-HQ (``networks/parser_unet.py``) that are not of a face: background, hair, clothes, ..."""

KEYPOINTS = 4
"""Left eye, right eye, nose, mouth."""
SPREAD = 0.02
"""Standard deviation of a keypoint's blob, of the image's side."""


def face_mask(side: int) -> Float[Tensor, "1 1 h h"]:
    """1 in ``FACE_BOX``, 0 around it."""
    left, top, right, bottom = (round(share * side) for share in FACE_BOX)
    mask = torch.zeros(1, 1, side, side)
    mask[:, :, top:bottom, left:right] = 1.0
    return mask


def _is(labels: Integer[Tensor, "b h h"], classes: tuple[int, ...]) -> Tensor:
    return torch.isin(labels, torch.tensor(classes, dtype=labels.dtype, device=labels.device))


def outlines(labels: Integer[Tensor, "b h h"]) -> Float[Tensor, "b 1 h h"]:
    """CIAGAN's drawing of a face: 1 on the outlines of face, nose and mouth, 0 elsewhere. Eyes are not drawn.

    Args:
        labels: of CelebAMask-HQ.
    """
    parts = 1.0 - _is(labels, OUTSIDE).float() + _is(labels, NOSE).float() + 2.0 * _is(labels, MOUTH).float()
    highest, lowest = F.max_pool2d(parts[:, None], 3, 1, 1), -F.max_pool2d(-parts[:, None], 3, 1, 1)
    return (highest != lowest).float()


def keypoint_maps(labels: Integer[Tensor, "b h h"]) -> Float[Tensor, "b 4 h h"]:
    """Blobs with a peak of 1 at the middle of each eye, the nose and the mouth; nothing of a part that is not seen.

    Args:
        labels: of CelebAMask-HQ; the eyes are told apart by the side of the image's middle on which they lie.
    """
    side = labels.shape[-1]
    place = torch.linspace(0.5 / side, 1.0 - 0.5 / side, side, device=labels.device)
    eyes, left = _is(labels, EYES), place < 0.5
    parts = torch.stack([eyes & left, eyes & ~left, _is(labels, NOSE), _is(labels, MOUTH)], dim=1).float()
    amount = parts.sum(dim=(2, 3)).clamp_min(1.0)
    column, row = (parts.sum(dim=2) @ place) / amount, (parts.sum(dim=3) @ place) / amount
    distance = (place - column[..., None])[..., None, :].square() + (place - row[..., None])[..., None].square()
    seen = parts.amax(dim=(2, 3))[..., None, None]
    return seen * torch.exp(-distance / (2.0 * SPREAD**2))
