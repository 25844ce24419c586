"""An encoder that was trained at another size than the pack draws could not be used, or would see wrong images."""

import shutil
from pathlib import Path

import torch

from riddle_pl.inversion import EncoderInversion, RefinedInversion
from riddle_pl.networks.resize import resize
from riddle_pl.packs import build, load_pack
from riddle_pl.packs.write import write_pack_entry
from tests.tiny_pack import LAYERS, SIZE


def test_an_encoder_sees_images_of_its_own_size(tiny_pack_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_pack_folder, tmp_path / "pack"))
    channels = {"4": 8, "8": 8, "16": 8, "32": 8, "64": 8}
    args = {"size": 64, "num_layers": LAYERS, "channels": channels, "hidden": 16}
    write_pack_entry(folder, "encoder", build("lite_encoder", args), "lite_encoder", args, overwrite=True)
    pack, x = load_pack(folder), torch.rand(2, 3, SIZE, SIZE) * 2 - 1
    with torch.no_grad():
        expected = pack.load("encoder")(resize(x, (64, 64)))
    torch.testing.assert_close(EncoderInversion(pack, "cpu")(x), expected, rtol=0, atol=0)
    assert RefinedInversion(pack, "cpu")(x).shape == (2, LAYERS, 512)
