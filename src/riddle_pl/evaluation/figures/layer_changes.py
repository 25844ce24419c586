"""How far an encryptor moves the code in each layer."""

import numpy as np
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.figures.plate import Plate
from riddle_pl.evaluation.figures.style import BLUE, GREEN, ORANGE, SMALL_PT, dress, new_figure
from riddle_pl.evaluation.layers import layer_groups

COLOURS = {"coarse": BLUE, "middle": GREEN, "fine": ORANGE}
HATCHES = {"coarse": "", "middle": "//", "fine": "xx"}


def layer_changes_plate(changes: Float[Tensor, "b n"]) -> Plate:
    """Mean and spread over codes of :func:`riddle_pl.evaluation.layers.layer_changes`, by layer."""
    values = changes.detach().double().cpu().numpy()
    mean, spread = values.mean(axis=0), values.std(axis=0)
    figure = new_figure(5.2, 2.8)
    axes = dress(figure.add_subplot(), "layer", "distance moved")
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
    return Plate(
        name="layer_changes",
        title="What the encryptor changes in each layer",
        figure=figure,
        caption=f"Distance between a code and its encryption, over the code's distance from the average face; mean and "
        f"standard deviation over {len(values)} encryptions. 0: unchanged; 1: as far as the face is from the average.",
        alt=f"Bars by layer of the generator; mean by group: {by_group}.",
    )
