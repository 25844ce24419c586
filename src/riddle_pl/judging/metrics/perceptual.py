"""The distance of two images in a network's feature maps."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from riddle_pl.judging.metrics.face_mean import FaceMean
from riddle_pl.losses.perceptual import perceptual_distance


class PerceptualDistance(FaceMean):
    """Squared differences of feature maps, summed over channels, averaged over positions, summed over levels.

    With the features of :class:`riddle_pl.networks.lpips_features.LPIPSFeatures` it is LPIPS.
    """

    def update(self, maps: Sequence[Float[Tensor, "b _ _ _"]], references: Sequence[Float[Tensor, "b _ _ _"]]) -> None:
        self.values.append(perceptual_distance(references, maps))
