"""A copy of the mobile pack with stand-ins: a wheel and heads of random weights. Needs nothing that is fetched."""

import json
from pathlib import Path

import torch

from riddle_pl.files import sha256_file
from riddle_pl.pack_names import EMBEDDED, MANIFEST_NAME
from riddle_pl.packs import build
from riddle_pl.packs.write import write_pack_entry
from tests.networks.random_face_wheel import NAME, write_wheel

SIZES = (128, 256)


def write_mobile_pack(folder: Path) -> Path:
    """Writes the pack, complete in itself but for what it takes from lite, and returns its folder."""
    folder.mkdir()
    sha256 = sha256_file(write_wheel(folder / NAME))
    manifest = json.loads((EMBEDDED["mobile"] / MANIFEST_NAME).read_text(encoding="utf-8"))
    networks = manifest["networks"]
    kept = {role: entry for role, entry in networks.items() if "pack" in entry}
    manifest["networks"] = {**kept, "generator": {**networks["generator"], "sha256": sha256}}
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")
    for size in SIZES:
        args = {"size": size, "width": 8, "depth": 1, "maps": 1}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(size)
            write_pack_entry(folder, f"head-{size}", build("mobile_head", args), "mobile_head", args, origin="random")
    return folder
