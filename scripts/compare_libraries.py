"""Holds functions of this package against those of libraries: largest difference of results, and time.

    python scripts/compare_libraries.py

Prints the table of docs/results/libraries.md: what is not replaced, and why. All input is drawn from a fixed seed.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import kornia
import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage, stats
from torch import Tensor
from torchmetrics.functional.classification import binary_roc

from riddle_pl.faces.align import align_face, crop_to_photo
from riddle_pl.figures.roc import roc_curve
from riddle_pl.judging.metrics import bootstrap
from riddle_pl.networks.affine import affine_maps, warp
from riddle_pl.photos.paste.guided import guided_filter
from riddle_pl.photos.paste.mask import widen

REPEATS = 5


class Case(NamedTuple):
    """Two ways to one result."""

    what: str
    library: str
    ours: Callable[[], Tensor]
    theirs: Callable[[], Tensor]


def cases() -> list[Case]:
    rng = torch.Generator().manual_seed(0)
    x = F.interpolate(torch.rand(4, 3, 32, 32, generator=rng) * 2 - 1, (256, 256), mode="bicubic").clamp(-1, 1)
    mask = (F.interpolate(torch.rand(1, 1, 16, 16, generator=rng), (256, 256), mode="bicubic") > 0.5).float()

    photo = np.ascontiguousarray(((x[0].permute(1, 2, 0) + 1) * 127.5).round().byte().numpy())
    quad = np.array([[40.3, 60.1], [52.2, 188.6], [180.7, 176.7], [168.8, 48.2]])

    def warped() -> Tensor:
        inverse = torch.linalg.inv(torch.tensor(np.vstack([crop_to_photo(quad, 128), [0, 0, 1]])))[None]
        half = torch.tensor([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], dtype=torch.float64)
        pixels = torch.linalg.inv(half) @ inverse @ half  # kornia counts from the centre of the first pixel
        source = torch.from_numpy(photo).permute(2, 0, 1)[None].float()
        found: Tensor = kornia.geometry.transform.warp_perspective(
            source, pixels.float(), (128, 128), padding_mode="reflection", align_corners=True
        )
        return found / 127.5 - 1

    draw = torch.rand(4, generator=rng)
    motions = affine_maps(draw - 0.5, 1 + draw / 4, torch.ones(4), torch.stack([draw / 5, -draw / 5], dim=1))

    rates = (torch.rand(1000, generator=rng) < 0.1).float()

    def scipy_interval() -> Tensor:
        values = rates.double().numpy()
        found = stats.bootstrap((values,), np.mean, n_resamples=2000, method="percentile", rng=0)
        return torch.tensor(list(found.confidence_interval))

    positive = torch.randn(3000, generator=rng).numpy() * 0.1 + 0.5
    negative = torch.randn(100_000, generator=rng).numpy() * 0.1

    def torchmetrics_roc() -> Tensor:
        scores = torch.from_numpy(np.concatenate([positive, negative]))
        labels = torch.cat([torch.ones(len(positive)), torch.zeros(len(negative))]).long()
        far, accepted, _ = binary_roc(scores.sub(scores.min()).div(scores.max() - scores.min()), labels)
        return torch.from_numpy(np.interp(roc_curve(positive, negative)[0], far.numpy(), accepted.numpy()))

    def our_interval() -> Tensor:
        return torch.tensor(bootstrap(rates, 2000, 0)[1:3])

    def our_roc() -> Tensor:
        return torch.from_numpy(roc_curve(positive, negative)[1])

    def our_guided() -> Tensor:
        return guided_filter(mask, x[:1], 8, 1e-3)

    return [
        Case("widen", "kornia.morphology.dilation", lambda: widen(mask, 7), lambda: _dilated(mask, 7)),
        Case("widen", "scipy.ndimage.grey_dilation", lambda: widen(mask, 7), lambda: _grey(mask, 7)),
        Case("guided_filter", "kornia.filters.guided_blur", our_guided, lambda: _guided(mask, x[:1])),
        Case("align_face", "kornia warp_perspective", lambda: align_face(photo, quad, 128)[0], lambda: warped()[0]),
        Case("move", "kornia warp_affine", lambda: warp(x, motions), lambda: _moved(x, motions)),
        Case("bootstrap", "scipy.stats.bootstrap", our_interval, scipy_interval),
        Case(
            "roc_curve",
            "torchmetrics binary_roc",
            our_roc,
            torchmetrics_roc,
        ),
    ]


def _dilated(mask: Tensor, by: int) -> Tensor:
    return kornia.morphology.dilation(mask, torch.ones(2 * by + 1, 2 * by + 1))


def _grey(mask: Tensor, by: int) -> Tensor:
    return torch.from_numpy(ndimage.grey_dilation(mask.numpy(), size=(1, 1, 2 * by + 1, 2 * by + 1)))


def _guided(mask: Tensor, picture: Tensor) -> Tensor:
    return kornia.filters.guided_blur(picture, mask, 17, 1e-3, border_type="replicate")


def _moved(x: Tensor, motions: Tensor) -> Tensor:
    side = x.shape[-1]
    scale = torch.tensor([[2 / side, 0, 1 / side - 1], [0, 2 / side, 1 / side - 1], [0, 0, 1]])
    whole = torch.cat([motions, torch.tensor([0.0, 0.0, 1.0]).expand(len(x), 1, 3)], dim=1)
    pixels = torch.linalg.inv(torch.linalg.inv(scale) @ whole @ scale)[:, :2]
    return kornia.geometry.transform.warp_affine(x, pixels, x.shape[-2:], padding_mode="reflection", align_corners=True)


def milliseconds(run: Callable[[], Tensor]) -> float:
    """Median of a few calls, after one that does not count."""
    run()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def import_seconds(module: str) -> float:
    """What an import costs on top of torch, in a new process."""
    code = f"import torch, time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(3)]
    return min(float(run.stdout) for run in runs)


def main() -> None:
    torch.set_num_threads(1)
    print("| ours | library | largest difference | ours, ms | theirs, ms |\n|---|---|---|---|---|")
    for what, library, ours, theirs in cases():
        apart = float((ours().double() - theirs().double()).abs().max())
        print(f"| {what} | {library} | {apart:.1e} | {milliseconds(ours):.1f} | {milliseconds(theirs):.1f} |")
    for module in ("kornia.filters", "scipy.ndimage", "scipy.stats"):
        print(f"\nimport {module}: {import_seconds(module):.2f} s")


if __name__ == "__main__":
    main()
