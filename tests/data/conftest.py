"""Pictures of no one, a pack with a toy encoder, and a cropper that needs no face."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from riddle_pl.errors import NoFaceError
from riddle_pl.faces.load import decode_image


class ToyEncoder(nn.Module):
    """The picture at 4 x 4 px, and copies of it, as a code of 8 layers."""

    def __init__(self, gain: float):
        super().__init__()
        self.gain = gain
        self.pictures = 0

    def forward(self, x: Tensor) -> Tensor:
        self.pictures += len(x)
        small = nn.functional.adaptive_avg_pool2d(x, 4).flatten(1)
        return self.gain * torch.nn.functional.pad(small, (0, 512 - 48))[:, None].expand(-1, 8, -1)


class ToyPack:
    """As much of a pack as inversion needs; ``gain`` stands for its weights."""

    name, size, num_layers = "toy", 32, 8
    roles = generator_roles = ("generator",)

    def __init__(self, gain: float = 1.0):
        self.encoder = ToyEncoder(gain)

    def fingerprint(self, *roles: str) -> str:
        return hashlib.sha256(f"{sorted(roles)} {self.encoder.gain}".encode()).hexdigest()

    def load(self, role: str) -> nn.Module:
        assert role == "encoder"
        return self.encoder


class ToyCropper:
    """Resizes; finds "no face" in pictures that are black."""

    fingerprint = "toy"

    def __call__(self, data: bytes, name: str, size: int) -> Tensor:
        pixels = decode_image(data, name)
        if not pixels.any():
            raise NoFaceError(f"no face was found in {name}")
        resized = np.array(Image.fromarray(pixels).resize((size, size)))
        return torch.from_numpy(resized).permute(2, 0, 1)[None].float() / 127.5 - 1


def png(seed: int, side: int = 16) -> bytes:
    """A picture of noise."""
    noise = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


def black() -> bytes:
    """A picture without a face."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "PNG")
    return buffer.getvalue()


def write_images(folder: Path, count: int, first: int = 0, pattern: str = "{:05d}.png") -> Path:
    """``count`` different pictures."""
    for i in range(first, first + count):
        path = folder / pattern.format(i)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(i))
    return folder


@pytest.fixture
def toy_pack() -> Any:
    return ToyPack()


@pytest.fixture
def cropper() -> ToyCropper:
    return ToyCropper()
