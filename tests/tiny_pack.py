"""A complete pack of tiny random networks, the same weights in every run."""

from pathlib import Path
from typing import Any

import torch

from riddle_pl.packs import build
from riddle_pl.packs.write import write_pack_entry

SIZE = 32
LAYERS = 8
MOBILEFACENET = {"embedding_dim": 32, "input_size": [32, 32], "width": 0.125}

NETWORKS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "generator": ("stylegan2", {"size": SIZE, "channels": {4: 16, 8: 16, 16: 16, 32: 16}, "mapping_layers": 2}, {}),
    "encoder": (
        "lite_encoder",
        {"size": SIZE, "num_layers": LAYERS, "channels": {4: 8, 8: 8, 16: 8, 32: 8}, "hidden": 16},
        {},
    ),
    "recogniser": (
        "aligned_recogniser",
        {
            "backbone": {"arch": "mobilefacenet", "args": MOBILEFACENET},
            "crop": {"top": 0.125, "bottom": 0.875, "left": 0.125, "right": 0.875},
            "input_size": [32, 32],
        },
        {},
    ),
    "perceptual": ("pack_features", {"widths": [4, 8, 8]}, {}),
    "parser": ("parser_unet", {"classes": 19, "widths": [2, 4, 8, 16, 32]}, {}),
    "encryptor": ("transformer", {"num_layers": LAYERS, "ffn": 64, "depth": 1}, {"tokens": "per_layer"}),
    "encryptor-df": ("involutive", {"num_layers": LAYERS, "hidden": 16, "depth": 2}, {"tokens": "single"}),
}
"""role: (architecture, its arguments, further fields of the manifest's entry)."""


def write_tiny_pack(folder: Path) -> Path:
    """Writes the pack and returns its folder."""
    for seed, (role, (arch, args, extra)) in enumerate(NETWORKS.items()):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            write_pack_entry(
                folder, role, build(arch, args), arch, args, size=SIZE, license="none", origin="random", **extra
            )
    return folder
