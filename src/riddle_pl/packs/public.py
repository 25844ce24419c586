"""Packs of public checkpoints, which users fetch or import themselves; nothing of them ships with this package."""

from importlib import resources

import yaml

from riddle_pl.pack_names import PUBLIC
from riddle_pl.packs.manifest import Manifest, WeightEntry


def _read() -> dict[str, Manifest]:
    content = yaml.safe_load(resources.files("riddle_pl.packs").joinpath("public.yaml").read_text(encoding="utf-8"))
    return {
        name: Manifest(
            name, content[name]["size"], {r: WeightEntry(r, **e) for r, e in content[name]["networks"].items()}
        )
        for name in PUBLIC
    }


PUBLIC_PACKS = _read()
"""The packs for the paper's two sizes; and the recognisers of its tables and others, with FID's network."""
