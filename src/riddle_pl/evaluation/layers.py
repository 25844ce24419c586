"""What an encryptor changes in a code, layer by layer of the generator."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

GROUPS = (("coarse", 0, 4), ("middle", 4, 8), ("fine", 8, None))
"""The paper's three groups of layers: in StyleGAN2 up to 8 px, 16 and 32 px, 64 px and more."""


def layer_groups(num_layers: int) -> Mapping[str, range]:
    """The groups' layers of a generator with ``num_layers``; those that it has."""
    groups = {name: range(num_layers)[start:stop] for name, start, stop in GROUPS}
    return {name: layers for name, layers in groups.items() if len(layers)}


def layer_changes(
    w: Float[Tensor, "b n d"], w_enc: Float[Tensor, "b n d"], mean: Float[Tensor, "d"]
) -> Float[Tensor, "b n"]:
    """How far each layer's code moved: ‖w_enc − w‖ over ‖w − mean‖, the face's own distance from the average face.

    Args:
        w: codes.
        w_enc: the same codes, encrypted.
        mean: the generator's average code; see :meth:`riddle_pl.networks.stylegan2.Generator.mean_w`.
    """
    own = (w - mean).norm(dim=2).clamp_min(torch.finfo(w.dtype).eps)
    changes: Tensor = (w_enc - w).norm(dim=2) / own
    return changes


def with_layers_of(w: Float[Tensor, "b n d"], w_enc: Float[Tensor, "b n d"], layers: range) -> Float[Tensor, "b n d"]:
    """``w`` with these layers taken from ``w_enc``: what the encryption of one group alone does to the image."""
    mixed = w.clone()
    mixed[:, layers.start : layers.stop] = w_enc[:, layers.start : layers.stop]
    return mixed
