"""Where the student of the recogniser's recipe starts: at a pack's recogniser, whatever the size of its crop."""

import torch
import torch.nn.functional as F
from torch import Tensor

from riddle_pl.networks.checkpoint_files import load_strict
from riddle_pl.networks.recogniser import AlignedRecogniser
from riddle_pl.packs.registry import load_pack

GLOBAL_KERNEL = "backbone.linear7.conv.weight"
"""The one tensor of a MobileFaceNet whose shape follows from the size of its crop."""


@torch.no_grad()
def start_recogniser_from(start: str, student: AlignedRecogniser) -> None:
    """Takes the weights of a pack's recogniser, its global kernel resized to the student's crop.

    Raises:
        RiddleError: no such pack, or its recogniser is another network.
    """
    weights = load_pack(start).load("recogniser").state_dict()
    own = student.state_dict()
    if GLOBAL_KERNEL in weights:
        weights[GLOBAL_KERNEL] = _resized(weights[GLOBAL_KERNEL], own[GLOBAL_KERNEL].shape[2:])
    load_strict(student, weights, f"recogniser of pack {start}")


def _resized(kernel: Tensor, size: torch.Size) -> Tensor:
    """The kernel over another size, its sum kept: as many values more as each weighs less."""
    resized = F.interpolate(kernel, size, mode="bilinear", align_corners=False, antialias=True)
    return resized * (kernel[0, 0].numel() / size.numel())
