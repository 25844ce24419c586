"""Baseline: the face out of focus."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.methods.baseline import Baseline
from riddle_pl.packs import Pack


class GaussianBlur(Baseline):
    """Blurs the whole aligned image.

    Args:
        pack: see :class:`Baseline`.
        sigma: of the Gaussian, as a share of the image's side.

    Raises:
        ConfigError: a sigma that is not above 0 and at most 1.
    """

    def __init__(self, pack: Pack, sigma: float = 0.05):
        super().__init__(pack)
        if not 0.0 < sigma <= 1.0:
            raise ConfigError(f"method.sigma={sigma}; give a share of the image's side above 0 and at most 1")
        self.sigma = sigma

    @property
    def label(self) -> str:
        return f"Gaussian blur, sigma {self.sigma:g} of the side"

    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        side = x.shape[-1]
        sigma = self.sigma * side
        radius = min(round(3.0 * sigma) or 1, side - 1)  # the padding mirrors the image, which it cannot exceed
        blurred: Tensor = gaussian_blur(x, [2 * radius + 1, 2 * radius + 1], [sigma, sigma])
        return blurred.clamp(-1.0, 1.0)
