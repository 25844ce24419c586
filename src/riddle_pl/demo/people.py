"""The demo's people: a real photo that comes with scikit-image, and people who do not exist."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from riddle_pl.errors import NoFaceError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.faces.detect import Face, PhotoDetector
from riddle_pl.faces.pixels import to_pixels
from riddle_pl.networks.generator import FaceGenerator

PHOTO_SIDE = 256
"""Generated people are enlarged to this side before the detector sees them, as any other photo."""
TRUNCATION = 0.7
MAX_DRAWS = 60


@dataclass(frozen=True, eq=False)
class Person:
    """A photo with a face in it.

    Args:
        name: label in the picture and the table.
        photo: RGB pixels.
        face: the face in it.
    """

    name: str
    photo: UInt8[np.ndarray, "h w 3"]
    face: Face

    def aligned(self, size: int) -> Float[Tensor, "1 3 size size"]:
        """The face in [-1, 1]."""
        return align_face(self.photo, ffhq_quad(self.face.points), size)


def astronaut(detector: PhotoDetector) -> Person:
    """Eileen Collins, NASA, public domain: ``skimage.data.astronaut``.

    Raises:
        NoFaceError: the detector finds nobody.
    """
    from skimage import data

    photo = np.asarray(data.astronaut())
    faces = detector.detect(photo)
    if not faces:
        raise NoFaceError("no face was found in scikit-image's astronaut; is the detector whole? (riddle doctor)")
    return Person("photo\n(astronaut)", photo, faces[0])


def generated_people(generator: FaceGenerator, detector: PhotoDetector, count: int, seed: int) -> list[Person]:
    """People drawn from the generator, the same for the same seed; draws in which no face is found are skipped.

    Raises:
        NoFaceError: too few faces among ``MAX_DRAWS`` draws.
    """
    noise = torch.Generator().manual_seed(seed)
    mean = generator.mean_w(4096, seed=0)
    people: list[Person] = []
    for _ in range(MAX_DRAWS):
        if len(people) == count:
            return people
        z = torch.randn(1, generator.style_dim, generator=noise)
        with torch.no_grad():
            w = torch.lerp(mean, generator.mapping(z), TRUNCATION)
            x = generator(generator.broadcast(w)).clamp(-1.0, 1.0)
        large = F.interpolate(x, (PHOTO_SIDE, PHOTO_SIDE), mode="bicubic", antialias=True, align_corners=False)
        photo = to_pixels(large[0])
        if faces := detector.detect(photo):
            people.append(Person(f"generated\nperson {len(people) + 1}", photo, faces[0]))
    if len(people) == count:
        return people
    raise NoFaceError(
        f"{len(people)} faces were found in {MAX_DRAWS} generated images, {count} needed; use another pack"
    )
