"""Photos without their faces: what an encrypted photo leaves as it was."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64
from torch import Tensor, nn

from riddle_pl.networks.encryptors.context_reader import SIDE
from riddle_pl.networks.encryptors.padded import PaddedEncryptor
from riddle_pl.photos.paste.mask import FaceMap


def without_face(
    x: Float[Tensor, "n 3 h h"], parser: FaceMap, side: int, batch_size: int = 50
) -> Float[Tensor, "n 4 side side"]:
    """A coarse picture of each photo in which the face is grey, and beside it the face's outline, 1 inside.

    Args:
        x: aligned faces in [-1, 1].
        parser: finds the face.
        side: of the result, in pixels.
        batch_size: photos at a time.
    """
    parts = []
    for part in x.split(batch_size):
        face = F.interpolate((parser(part) > 0.5).float(), part.shape[-2:], mode="nearest")
        parts.append(F.adaptive_avg_pool2d(torch.cat([part * (1.0 - face), face], dim=1), side))
    return torch.cat(parts) if parts else x.new_empty(0, 4, side, side)


@torch.no_grad()
def read_context(
    encryptor: nn.Module, x: Float[Tensor, "b 3 h h"], parser: FaceMap, device: torch.device, batch_size: int = 50
) -> Float64[Tensor, "b k"] | None:
    """The contexts of aligned faces, on the CPU; None where the encryptor reads none.

    Args:
        encryptor: T, on ``device``.
        x, parser, batch_size: see :func:`without_face`.
        device: where T runs.
    """
    reader = encryptor.reader if isinstance(encryptor, PaddedEncryptor) else None
    if reader is None:
        return None
    around = without_face(x, parser, SIDE, batch_size)
    return torch.cat([reader(part.to(device)).cpu() for part in around.split(batch_size)]).double()
