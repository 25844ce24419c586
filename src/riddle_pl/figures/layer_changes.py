"""Changes of a code by an encryptor, by layer of the generator."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.figures.figure import Figure
from riddle_pl.figures.style import BLUE, GREEN, ORANGE, SMALL_PT, new_figure, style_axes

GROUPS = (("coarse", 0, 4), ("middle", 4, 8), ("fine", 8, None))
"""The paper's three groups of layers: in StyleGAN2 up to 8 px, 16 and 32 px, 64 px and more."""


def layer_groups(num_layers: int) -> Mapping[str, range]:
    """The groups' layers of a generator with ``num_layers``; those that it has."""
    groups = {name: range(num_layers)[start:stop] for name, start, stop in GROUPS}
    return {name: layers for name, layers in groups.items() if len(layers)}


def layer_changes(
    w: Float[Tensor, "b n d"], w_enc: Float[Tensor, "b n d"], mean: Float[Tensor, "d"]
) -> Float[Tensor, "b n"]:
    """Relative change of each layer's code: ‖w_enc − w‖ over ‖w − mean‖, the face's own distance from the average face.

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


COLOURS = {"coarse": BLUE, "middle": GREEN, "fine": ORANGE}
HATCHES = {"coarse": "", "middle": "//", "fine": "xx"}


def layer_changes_figure(changes: Float[Tensor, "b n"]) -> Figure:
    """Mean and spread over codes of :func:`riddle_pl.figures.layer_changes.layer_changes`, by layer."""
    values = changes.detach().double().cpu().numpy()
    mean, spread = values.mean(axis=0), values.std(axis=0)
    figure = new_figure(5.2, 2.8)
    axes = style_axes(figure.add_subplot(), "layer", "distance moved")
    groups = layer_groups(values.shape[1])
    for name, layers in groups.items():
        places = np.array(layers)
        label = f"{name}: layers {layers.start}–{layers.stop - 1}"
        axes.bar(
            places, mean[places], yerr=spread[places], color=COLOURS[name], hatch=HATCHES[name], label=label,
            edgecolor="white", error_kw={"elinewidth": 0.8},
        )  # fmt: skip
    axes.set_xticks(range(values.shape[1]))
    figure.legend(fontsize=SMALL_PT, loc="outside lower center", ncols=len(groups), frameon=False)
    by_group = ", ".join(f"{name} {mean[np.array(layers)].mean():.2f}" for name, layers in groups.items())
    return Figure(
        name="layer_changes",
        title="What the encryptor changes in each layer",
        drawing=figure,
        caption=f"Distance between a code and its encryption, over the code's distance from the average face; mean and "
        f"standard deviation over {len(values)} encryptions. 0: unchanged; 1: as far as the face is from the average.",
        alt=f"Bars by layer of the generator; mean by group: {by_group}.",
    )
