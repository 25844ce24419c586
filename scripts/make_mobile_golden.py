#!/usr/bin/env python3
"""Writes what MobileStyleGAN gives for fixed inputs when OpenVINO runs it: what our own network is compared with.

    python scripts/make_mobile_golden.py random_face-2021.7.21.1-py3-none-any.whl

Needs openvino and numpy alone. `riddle weights fetch --pack mobile` says where it puts the wheel.
"""

import sys
import zipfile
from pathlib import Path

import numpy as np
import openvino

OUTPUT = Path(__file__).resolve().parents[1] / "tests" / "networks" / "golden_mobile.npz"
SEED = 0
FACES = 2
GRID = slice(16, None, 32)
"""Rows and columns of the 1024 px image whose pixels are kept."""


def compiled(archive: zipfile.ZipFile, name: str) -> openvino.CompiledModel:
    """One graph of the wheel, computed in float32."""
    xml, weights = (archive.read(f"random_face/data/{name}.{end}") for end in ("xml", "bin"))
    core = openvino.Core()
    model = core.read_model(model=xml, weights=weights)
    return core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def main(wheel: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        mapping, synthesis = (compiled(archive, name) for name in ("MappingNetwork", "SynthesisNetwork"))
    z = np.random.default_rng(SEED).standard_normal((FACES, 512)).astype(np.float32)
    w = np.concatenate([mapping([row[None]])[0] for row in z])
    x = np.concatenate([synthesis([row[None]])[0] for row in w])
    np.savez(OUTPUT, z=z, w=w, pixels=x[:, :, GRID, GRID], means=x.mean(axis=(2, 3), dtype=np.float64))
    print(f"{OUTPUT}: {len(z)} faces, {OUTPUT.stat().st_size:,} bytes, openvino {openvino.__version__}")


if __name__ == "__main__":
    main(*sys.argv[1:])
