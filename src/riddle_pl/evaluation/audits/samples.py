"""Samples of a generator, and pictures of them."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from riddle_pl.data.face_set import FaceSet, to_float
from riddle_pl.evaluation.audits.audit import Picture
from riddle_pl.evaluation.audits.population import Nearest
from riddle_pl.networks.generator import FaceGenerator

UNSEEN = 1_000_000
"""Offset of seeds, to avoid noise that was used in training."""
TRUNCATIONS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
MIXED_LAYERS = 4
"""In the style-mixing picture, layers below it (up to 8 px) come from the row's person, the others from the
column's."""


def codes(generator: FaceGenerator, count: int, seed: int) -> Float[Tensor, "n 512"]:
    """``count`` random W codes; the first are the same for every count."""
    return generator.random_w(count, UNSEEN + seed)


def truncated(generator: FaceGenerator, w: Float[Tensor, "n 512"], psi: float) -> Float[Tensor, "n k 512"]:
    """W+ codes drawn towards the mean by the truncation trick (Karras et al., CVPR 2019)."""
    mean = generator.mean_w()
    return generator.broadcast(mean + psi * (w - mean))


@torch.no_grad()
def draw(generator: FaceGenerator, w: Float[Tensor, "n k 512"], batch: int) -> Float[Tensor, "n 3 h h"]:
    """Images in [-1, 1], on the CPU."""
    return torch.cat([generator(part).clamp(-1.0, 1.0).float().cpu() for part in w.split(batch)])


def sheet(x: Float[Tensor, "n 3 h h"], columns: int) -> Image.Image:
    """Images side by side on white."""
    grid = make_grid(x, nrow=columns, padding=2, pad_value=1.0)
    pixels = ((grid.clamp(-1.0, 1.0) + 1.0) * 127.5).round().byte().permute(1, 2, 0)
    return Image.fromarray(pixels.numpy())


def truncation_strip(generator: FaceGenerator, w: Float[Tensor, "n 512"]) -> Image.Image:
    """A row per person: psi of :data:`TRUNCATIONS` from left to right."""
    steps = torch.stack([truncated(generator, w, psi) for psi in TRUNCATIONS], dim=1)
    return sheet(draw(generator, steps.flatten(0, 1), len(TRUNCATIONS)), len(TRUNCATIONS))


def style_mixing(generator: FaceGenerator, w: Float[Tensor, "n 512"], rows: int) -> Image.Image:
    """The first ``rows`` people give the coarse layers, the others, who stand above the columns, the fine ones."""
    coarse, fine = truncated(generator, w[:rows], 0.8), truncated(generator, w[rows:], 0.8)
    layers = min(MIXED_LAYERS, generator.num_layers - 1)
    cells: Sequence[Tensor] = [
        torch.cat([row[None], torch.cat([row[:layers].expand(len(fine), -1, -1), fine[:, layers:]], dim=1)])
        for row in coarse
    ]
    images = draw(generator, torch.cat([fine, *cells]), 16)
    blank = torch.ones_like(images[:1])
    return sheet(torch.cat([blank, images]), len(fine) + 1)


SHEET = 48
COLUMNS = 8
CLOSEST = 16
ROWS = 6
"""People of the truncation strip, and rows of the style-mixing picture."""


def sample_pictures(
    generator: FaceGenerator, samples: Mapping[str, Float[Tensor, "n 3 h h"]], seed: int
) -> list[Picture]:
    """Contact sheets, truncation and style mixing; without photos of the data."""
    w = codes(generator, ROWS + COLUMNS, seed + 1)
    sheets = [
        Picture(f"samples_{_slug(name)}", f"Random people, {name}, not chosen", sheet(x[:SHEET], COLUMNS), True)
        for name, x in samples.items()
    ]
    return [
        *sheets,
        Picture(
            "truncation", "Truncation: psi 0 to 1.2 from left to right", truncation_strip(generator, w[:ROWS]), True
        ),
        Picture(
            "style_mixing",
            "Style mixing: coarse layers of the person on the left, fine ones of the person above",
            style_mixing(generator, w, ROWS),
            True,
        ),
    ]


def closest_picture(judge: str, name: str, x: Float[Tensor, "n 3 h h"], near: Nearest, train: FaceSet) -> Picture:
    """The samples that are nearest to a training face, each beside it. Not shareable, since it shows data."""
    best = near.cosine.topk(min(CLOSEST, len(x))).indices
    pairs = torch.stack([x[best], to_float(train.images[near.face[best]])], dim=1).flatten(0, 1)
    caption = f"Samples at {name} nearest to a training face by {judge}, each left of that face"
    return Picture(f"closest_{judge}_{_slug(name)}", caption, sheet(pairs, COLUMNS), False)


def _slug(name: str) -> str:
    return name.replace(" ", "_")
