"""A pack with a padded encryptor that reads contexts."""

import shutil
from pathlib import Path

import torch

from riddle_pl.packs import Pack, build, load_pack
from riddle_pl.packs.write import write_pack_entry

K = 6


def reading_pack(pack: Pack, folder: Path) -> Pack:
    """A copy of a pack with ``encryptor-padded``, of random weights."""
    shutil.copytree(pack.folder, folder)
    args = {"num_layers": pack.num_layers, "components": K, "context": 8}
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        network = build("padded", args)
        network.codes.basis.normal_()
        network.residual.mul_(0.3)
    write_pack_entry(folder, "encryptor-padded", network, "padded", args, tokens="key_stream", license="none")
    return load_pack(folder)
