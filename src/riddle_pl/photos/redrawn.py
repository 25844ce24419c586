"""``invert=redrawn``: a code for the face alone; what it draws around the face is another's."""

import hashlib
from functools import cached_property
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.inversion.descent import descend
from riddle_pl.inversion.inversion import Inversion
from riddle_pl.losses.identity import cosine
from riddle_pl.networks.encryptors.padded import PaddedEncryptor, quantile
from riddle_pl.networks.face_axes import FaceAxes
from riddle_pl.networks.recogniser import AlignedRecogniser
from riddle_pl.networks.resize import resize
from riddle_pl.networks.traits import TRAITS, Traits
from riddle_pl.packs import Pack
from riddle_pl.password import stream_uniforms
from riddle_pl.photos.paste.mask import ParserMap
from riddle_pl.photos.without_face import read_context

AT_ONCE = 8
"""Faces, which bounds the memory: 0.2 GB each at 128 px."""
DRAWS, WORN = 3, 0.35
"""How often numbers are drawn at most, and from what ``traits`` say on a face is held to wear glasses."""
SIZE = 128
"""Side in pixels at which faces are drawn and compared, where the pack draws that size."""


class RedrawnInversion(Inversion):
    """The encoder's code, of which the face is kept and improved, and hair and background are drawn anew.

    Whoever guesses passwords may compare what a guess draws around the face with the photo, which shows it still: the
    code of a whole picture gives the right guess away. Only the face is pasted. So the coordinates c of the
    encoder's code, in the photo's context, are kept along the pack's ``face_axes`` alone; across them they are replaced
    by standard normal numbers, as a wrong password would draw them. The kept part a is then improved by Adam on

        pixel ‖m (x - G(w))‖₁ / mean(m) + identity (1 - cos(R(x), R(G(w)))) + prior ‖a‖²,

    with the face m of the photo, as the pack's parser sees it. All norms are means. The numbers come from a hash of the
    face's pixels (SHAKE-256): the same photo gives the same code, and who does not have the face cannot repeat them.
    Some make glasses of shadows around the eyes, which would have no temples on the photo's head: where the pack's
    ``traits`` see any, all is done again with other numbers, up to ``DRAWS`` times in all.

    Args:
        pack: generator, encoder, recogniser R, parser, ``face_axes`` and the encryptor.
        device: see :class:`~riddle_pl.inversion.inversion.Inversion`.
        code_model: role of a padded encryptor that reads contexts.
        steps: of Adam; the learning rate falls to zero by a cosine.
        learning_rate: at the start, in coordinates.
        pixel, identity, prior: weights.

    Raises:
        ConfigError: a value is out of range.
    """

    name: ClassVar[str] = "redrawn"
    roles: ClassVar[tuple[str, ...]] = ("generator", "encoder", "recogniser", "parser", "face_axes")

    def __init__(
        self,
        pack: Pack,
        device: str = "auto",
        code_model: str = "encryptor-padded",
        steps: int = 8,
        learning_rate: float = 0.4,
        pixel: float = 1.0,
        identity: float = 1.0,
        prior: float = 0.1,
    ):
        super().__init__(pack, device)
        if steps < 1 or learning_rate <= 0 or min(pixel, identity, prior) < 0:
            raise ConfigError(
                f"invert has steps={steps}, learning_rate={learning_rate}, pixel={pixel}, identity={identity}, "
                f"prior={prior}; expected at least one step, a rate above 0 and no negative weight"
            )
        self.code_model_role = code_model
        self.steps, self.learning_rate = steps, learning_rate
        self.pixel, self.identity, self.prior = pixel, identity, prior

    @property
    def needed(self) -> tuple[str, ...]:
        return (*self.roles, self.code_model_role, *(role for role in ("traits",) if role in self.pack.roles))

    @property
    def networks(self) -> tuple[str, ...]:
        return ("generator", "encoder", "recogniser", "face_axes", "encryptor", "traits")

    @property
    def drawing_pack(self) -> Pack:
        return self.pack.at(SIZE) if SIZE in self.pack.manifest.sizes else self.pack

    @property
    def fingerprint(self) -> str:
        numbers = (self.steps, self.learning_rate, self.pixel, self.identity, self.prior)
        return f"{super().fingerprint} {self.name} {numbers}"

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n 512"]:
        return torch.cat([self._redrawn(part) for part in x.split(AT_ONCE)])

    @torch.no_grad()
    def _redrawn(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n 512"]:
        w, glasses = self._found(x, draws=0)
        for draws in range(1, DRAWS):
            if not bool(glasses.any()):
                break
            again = glasses.nonzero()[:, 0]
            w[again], glasses[again] = self._found(x[again], draws)
        return w

    def _found(self, x: Float[Tensor, "b 3 h h"], draws: int) -> tuple[Float[Tensor, "b n 512"], Bool[Tensor, "b"]]:
        """Codes, and which of them draw glasses, with the numbers that come after so many draws."""
        rest = torch.stack([_normal(face, self.encryptor.codes.components, draws) for face in x]).to(self.device)
        encryptor = self.encryptor.given(read_context(self.encryptor, x, self.parser, self.device))
        side = self.drawing_pack.size
        start = self.face_axes.along(encryptor.coordinates(self.encode(x.to(self.device))))
        face = resize(self.parser(x), (side, side)).clamp(0.0, 1.0).to(self.device)
        face = face / face.mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-3)
        x = resize(x, (side, side)).to(self.device)
        known = self.recogniser(x)

        def code(along: Tensor) -> Tensor:
            return encryptor.decode(self.face_axes.joined(along, rest)).float()

        def loss(along: Tensor) -> Tensor:
            image = self.generator(code(along))
            distance: Tensor = self.pixel * (face * (image - x).abs()).mean(dim=(1, 2, 3))
            likeness = self.identity * (1.0 - cosine(self.recogniser(image), known))
            return distance + likeness + self.prior * along.square().mean(dim=1)

        w = code(descend(start, loss, self.steps, self.learning_rate))
        return w.cpu(), self._draw_glasses(w).cpu()

    def _draw_glasses(self, w: Float[Tensor, "b n 512"]) -> Bool[Tensor, "b"]:
        """Whether faces wear glasses; never where the pack has no ``traits``."""
        if self.traits is None or not isinstance(self.recogniser, AlignedRecogniser):
            return torch.zeros(len(w), dtype=torch.bool)
        _, features = self.recogniser.with_features(self.generator(w))
        worn: Tensor = self.traits(features)[:, TRAITS.index("glasses")] > WORN
        return worn

    @cached_property
    def traits(self) -> Traits | None:
        """Tells glasses; None where the pack has none."""
        return self.pack.load_as("traits", Traits).to(self.device) if "traits" in self.pack.roles else None

    @cached_property
    def encryptor(self) -> PaddedEncryptor:
        """T.

        Raises:
            ConfigError: the role is that of another network, or of one that reads no contexts.
        """
        network = self._load(self.code_model_role)
        if isinstance(network, PaddedEncryptor) and network.reader is not None:
            return network
        raise ConfigError(
            f"invert.code_model={self.code_model_role} of pack {self.pack.name} is no padded encryptor with contexts; "
            "give one, or another inversion (invert=refine)"
        )

    @cached_property
    def face_axes(self) -> FaceAxes:
        return self.pack.load_as("face_axes", FaceAxes).to(self.device)

    @cached_property
    def parser(self) -> ParserMap:
        """Tells the face."""
        return ParserMap(self.pack, self.device)


def _normal(face: Float[Tensor, "3 h h"], count: int, draws: int = 0) -> Float64[Tensor, "count"]:
    """Numbers of an encryptor's own marginal, from a hash of the pixels; others after so many draws."""
    pixels = face.detach().float().cpu().contiguous().numpy().tobytes() + b"again" * draws
    return quantile(stream_uniforms(hashlib.shake_256(pixels).digest(8 * count)))
