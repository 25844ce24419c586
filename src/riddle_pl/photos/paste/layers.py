"""New faces made ready for their photo: what of them is pasted, in what colours, how sharp and how grainy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from riddle_pl.faces.align import align_face
from riddle_pl.photos.paste.blend import Layer, paste_layers
from riddle_pl.photos.paste.colour import ColourMatch
from riddle_pl.photos.paste.fitted import FittedMap
from riddle_pl.photos.paste.grain import GrainMatch
from riddle_pl.photos.paste.greys import as_grey, grey_as
from riddle_pl.photos.paste.mask import GROW, FaceMap, join_maps
from riddle_pl.photos.paste.regions import Regions
from riddle_pl.photos.paste.uncovered import uncovered
from riddle_pl.photos.paste.views import Views, regions

FURTHER = 0.03
"""By how much more than in encryption the mask of a recovered face grows, as a share of the square's side."""


@dataclass(frozen=True, eq=False)
class Brush:
    """How faces are pasted.

    Args:
        face_map: says what is pasted.
        colour: brings colours to the photo's.
        grain: brings sharpness and noise to the photo's.
    """

    face_map: FaceMap
    colour: ColourMatch
    grain: GrainMatch

    def prepare(self) -> None:
        """Makes sure that the parser's file is there.

        Raises:
            PackError: it is missing or another one.
        """
        if isinstance(self.face_map, FittedMap):
            self.face_map.regions.parser.check()

    @torch.no_grad()
    def layer(
        self,
        photo: UInt8[np.ndarray, "h w 3"],
        quad: Float[np.ndarray, "4 2"],
        x: Float[Tensor, "3 s s"],
        recovering: bool = False,
        theirs: Regions | None = None,
    ) -> Layer:
        """A face as it is pasted.

        Args:
            photo: the photo; when ``recovering``, with the encrypted face in it.
            quad: the face's square.
            x: the new face, in [-1, 1].
            recovering: the original photo is not at hand, so the mask follows the new face as well as the one in the
                picture and reaches a little further, to leave nothing of that one around it.
            theirs: of :meth:`regions`, where they are known.
        """
        views = Views(self.face_map, align_face(photo, quad, self.face_map.size), x[None], theirs)
        mask = self._mask(views, recovering)
        if isinstance(self.face_map, FittedMap):
            views.fit(self.face_map)
        grained = self.grain(self.colour(views, mask), mask, photo, quad)
        shown, mask = uncovered(as_grey(grained, views.photo), mask, views.photo, views.theirs)
        return Layer(shown[0], mask[0, 0], quad)

    @torch.no_grad()
    def regions(self, photo: UInt8[np.ndarray, "h w 3"], quad: Float[np.ndarray, "4 2"]) -> Regions:
        """What the photo shows where in a face's square."""
        return regions(self.face_map, align_face(photo, quad, self.face_map.size))

    def paste(
        self,
        photo: UInt8[np.ndarray, "h w 3"],
        layers: Sequence[Layer],
        neighbours: Sequence[Float[np.ndarray, "4 2"]] = (),
    ) -> UInt8[np.ndarray, "h w 3"]:
        """A copy of the photo with new faces, grey if it is; see :func:`riddle_pl.photos.paste.blend.paste_layers`."""
        return grey_as(photo, self.grain.finish(photo, paste_layers(photo, layers, neighbours)))

    def _mask(self, views: Views, recovering: bool) -> Float[Tensor, "1 1 m m"]:
        if isinstance(self.face_map, FittedMap):
            return self.face_map.mask(views.photo, views.theirs, recovering)
        if recovering:
            return join_maps(views.theirs.face, views.ours.face, grow=GROW + FURTHER)
        return join_maps(views.theirs.face)
