"""Pixel metrics: MSE, PSNR and SSIM of images in [0, 1], each the mean over images.

Images come in [-1, 1], as networks give them; values outside count as the nearest inside, as in a saved picture.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.judging.metrics.face_mean import FaceMean

MSE_FLOOR = 1e-10
"""Mean squared errors below it count as it in PSNR, so that equal images have 100 dB and not infinity."""

SSIM_WINDOW = 11
"""Side of SSIM's Gaussian window in pixels, with sigma 1.5 (Wang et al., 2004); smaller images have no SSIM."""


class MSE(FaceMean):
    """Mean squared error of pixels."""

    def update(self, images: Float[Tensor, "b 3 h w"], references: Float[Tensor, "b 3 h w"]) -> None:
        self.values.append(_squared_error(images, references))


class PSNR(FaceMean):
    """Peak signal-to-noise ratio in dB of each image against its reference (at most 100 dB).

    >>> psnr = PSNR()
    >>> psnr.update(torch.full((1, 3, 8, 8), 0.2), torch.zeros(1, 3, 8, 8))  # 0.1 of the range
    >>> round(psnr.compute().mean, 2)
    20.0
    """

    def update(self, images: Float[Tensor, "b 3 h w"], references: Float[Tensor, "b 3 h w"]) -> None:
        self.values.append(-10.0 * _squared_error(images, references).clamp_min(MSE_FLOOR).log10())


class SSIM(FaceMean):
    """Structural similarity in [-1, 1], the mean over channels and over the pixels whose window lies inside the image.

    1 for equal images. Equal to scikit-image's and, but for the border, torchmetrics'.

    Source: Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004).
    """

    def update(self, images: Float[Tensor, "b 3 h w"], references: Float[Tensor, "b 3 h w"]) -> None:
        if not len(images) or min(images.shape[2:]) < SSIM_WINDOW:
            return
        from kornia.metrics import ssim  # slow to import

        found: Tensor = ssim(unit_range(images), unit_range(references), SSIM_WINDOW, padding="valid")
        self.values.append(found.mean(dim=(1, 2, 3)))


def unit_range(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """From [-1, 1] to [0, 1].

    >>> unit_range(torch.tensor([-1.0, 0.0, 3.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return (x.float().clamp(-1.0, 1.0) + 1.0) / 2.0


def _squared_error(images: Float[Tensor, "b 3 h w"], references: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b"]:
    error: Tensor = torch.square(unit_range(images) - unit_range(references)).mean(dim=(1, 2, 3))
    return error
