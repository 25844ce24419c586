"""Identity loss of the recipes, by a frozen recogniser."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.formats.checkpoints import load_mobilefacenet
from riddle_pl.networks.recogniser import MOBILEFACENET_CROP, AlignedRecogniser


def public_recogniser(checkpoint: Path) -> AlignedRecogniser:
    """A public MobileFaceNet in ``068.ckpt`` format, frozen.

    Raises:
        CheckpointError: the file is missing or holds another network.
    """
    backbone = load_mobilefacenet(checkpoint)
    return AlignedRecogniser(backbone, MOBILEFACENET_CROP, (112, 96)).eval().requires_grad_(False)


def identity_cosine(
    recogniser: nn.Module, redrawn: Float[Tensor, "b 3 h h"], real: Float[Tensor, "b 3 h h"]
) -> Float[Tensor, "b"]:
    """Cosine of each generated face and the real one.

    In float32: depthwise convolutions are slower in bfloat16 on a CPU.
    """
    with torch.autocast(real.device.type, enabled=False):
        with torch.no_grad():
            known = recogniser(real.float())
        cosines: Tensor = (recogniser(redrawn.float()) * known).sum(dim=1)
    return cosines


def identity_loss(
    recogniser: nn.Module, redrawn: Float[Tensor, "b 3 h h"], real: Float[Tensor, "b 3 h h"]
) -> Float[Tensor, ""]:
    """Mean of 1 - :func:`identity_cosine`."""
    return (1.0 - identity_cosine(recogniser, redrawn, real)).mean()
