"""Images of MobileStyleGAN's whole network, generated once and stored, for distillation."""

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from safetensors.torch import load_file, save_file
from torch import Tensor

from riddle_pl.data.face_set import recipe_rng
from riddle_pl.files import atomic_write, require_writable_dir
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.networks.latents import mix_styles

SIDE = 256
"""Pictures are kept at this size: 1024 px averaged over cells of 4x4."""

CHUNK = 50
MAPPED = 20_000
"""Codes that the covariance of W is measured on."""

TRUNCATION = (0.5, 1.0)
OFFSET = 0.35
"""Largest standard deviation of a layer's offset from W, in deviations of W along its own axes."""


def wide_codes(generator: FaceGenerator, count: int, rng: torch.Generator) -> Float[Tensor, "c n 512"]:
    """Training codes that cover inversions: truncated, style-mixed, and with offsets from W.

    Args:
        generator: whose mapping network is used.
        count: of codes.
        rng: on the CPU; the codes depend on it and on the generator alone.
    """
    mapped = generator.random_w(MAPPED, seed=0)
    mean = mapped.mean(dim=0)
    values, axes = torch.linalg.eigh(torch.cov(mapped.T))
    root = (axes * values.clamp_min(0.0).sqrt()).T

    n, dim = generator.num_layers, generator.style_dim
    psi = torch.empty(2 * count, 1).uniform_(*TRUNCATION, generator=rng)
    w = mean + psi * (generator.mapping(torch.randn(2 * count, dim, generator=rng)) - mean)
    first, second = w.chunk(2)
    mixed = mix_styles(first, second, torch.randint(1, 2 * n, (count, 1), generator=rng), n)
    strength = torch.empty(count, 1, 1).uniform_(0.0, OFFSET, generator=rng)
    offsets: Tensor = torch.randn(count, n, dim, generator=rng) @ root
    return mixed + strength * offsets


@torch.no_grad()
def drawn_pictures(
    generator: FaceGenerator, count: int, seed: int, folder: Path, say: Callable[[str], None] = print
) -> tuple[Float[Tensor, "c n 512"], UInt8[Tensor, "c 3 256 256"]]:
    """Codes and their pictures; those that ``folder`` already holds are read, so that a stopped run goes on.

    Args:
        generator: at its full size.
        count: of pictures, in chunks of 50.
        seed: of the codes.
        folder: of the chunks; made where missing.
        say: takes a line of progress after each chunk that was drawn.
    """
    require_writable_dir(folder, "folder of drawn pictures", create=True)
    codes, pictures = [], []
    for chunk in range(-(-count // CHUNK)):
        path = folder / f"seed{seed}_{chunk:04d}.safetensors"
        if not path.exists():
            w = wide_codes(generator, CHUNK, recipe_rng(seed, chunk)).half()
            images = torch.cat([_to_bytes(generator(part.float())) for part in w.split(2)])
            with atomic_write(path) as temporary:
                save_file({"w": w, "pictures": images}, temporary)
            say(f"drawn {(chunk + 1) * CHUNK} of {count} pictures")
        stored = load_file(path)
        codes.append(stored["w"].float())
        pictures.append(stored["pictures"])
    return torch.cat(codes)[:count], torch.cat(pictures)[:count]


def _to_bytes(image: Float[Tensor, "b 3 h h"]) -> UInt8[Tensor, "b 3 256 256"]:
    small = F.avg_pool2d(image.clamp(-1, 1), image.shape[-1] // SIDE)
    return ((small + 1) * 127.5).round().byte().contiguous()
