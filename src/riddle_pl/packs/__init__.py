"""Model packs: pretrained frozen networks that belong together, with a manifest.

Importing this takes no PyTorch, so that a pack, a size or a role that does not exist is refused at once.
"""

from riddle_pl.pack_names import pack_names
from riddle_pl.packs.architectures import ARCHITECTURES, build
from riddle_pl.packs.choose import choose_pack, pack_of_record
from riddle_pl.packs.manifest import FORMAT_VERSION, Manifest, WeightEntry, read_manifest
from riddle_pl.packs.pack import Pack
from riddle_pl.packs.registry import load_pack

__all__ = [
    "ARCHITECTURES",
    "FORMAT_VERSION",
    "Manifest",
    "Pack",
    "WeightEntry",
    "build",
    "choose_pack",
    "load_pack",
    "pack_names",
    "pack_of_record",
    "read_manifest",
]
