"""The networks of a pack as the photo pipeline uses them: image to code, code to code, code to image."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from riddle_pl.device import computes_bfloat16
from riddle_pl.inversion import Inversion, RefinedInversion
from riddle_pl.key import fresh_nonce
from riddle_pl.networks.encryptors.padded import PaddedEncryptor, encryptable, in_context, marginal, reads_context
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import Pack
from riddle_pl.password import PasswordTokens, key_latent
from riddle_pl.photos.drawing import Draw, Drawing, TorchDrawing
from riddle_pl.photos.paste.mask import ParserMap
from riddle_pl.photos.without_face import read_context

ENLARGED = 1.25
"""How many times a face may be enlarged before it is drawn larger, where the pack draws several sizes."""
SKETCHED = 2
"""Faces that are sketched at a time: more do not fit into a core's caches, and take up to half as long again."""
SAME_CODE = 0.02
"""Mean distance of two encrypted codes, in units of a code's mean magnitude, up to which they are one. The right
password gives up to 0.001, wrong ones 0.088 or more (pack lite, eight faces)."""
SAME_SECRET = 0.125
"""The same for secret coordinates of a padded encryptor, on a circle of length 1. The right password gives up to 0.042,
wrong ones 0.22 or more (pack lite, eight faces); 0.25 is chance."""


class EncryptedCode(NamedTuple):
    """A face as :meth:`FaceCoder.encrypt` leaves it.

    Attributes:
        w_enc: what the record holds.
        shown: what the picture shows.
        nonce: the record's; None where the face shares its stream with others.
    """

    w_enc: Float[Tensor, "n 512"]
    shown: Float[Tensor, "n 512"]
    nonce: bytes | None


class Generators:
    """G at the sizes that a pack draws, which share their weights. Each is loaded when it is first needed.

    Args:
        pack: the networks.
        device: where they run.
        drawing: what runs them where no gradient is needed.
    """

    def __init__(self, pack: Pack, device: torch.device, drawing: Drawing):
        self.pack = pack
        self.device = device
        self.drawing = drawing
        self._by_size: dict[int, FaceGenerator] = {}
        self._draws: dict[int, Draw] = {}

    @cached_property
    def _whole(self) -> FaceGenerator:
        """G at the pack's largest size, whose weights those of the other sizes share."""
        return self.pack.at(self.pack.manifest.whole_size).generator().to(self.device)

    def at(self, size: int) -> FaceGenerator:
        """G, drawing images of this side in pixels."""
        if size not in self._by_size:
            self._by_size[size] = self.pack.at(size).generator_from(self._whole).to(self.device)
        return self._by_size[size]

    def draw(self, size: int) -> Draw:
        """G of this side, as the drawing runs it."""
        if size not in self._draws:
            self._draws[size] = self.drawing(self.at(size))
        return self._draws[size]


class FaceCoder:
    """Inverts, encrypts and synthesises aligned faces. Each network is loaded when it is first needed.

    Args:
        pack: the networks.
        encryptor: role of the encryptor in the pack.
        device: where the networks run; inputs may lie anywhere, results are on the CPU.
        batch_size: faces that go through a network at a time; more are split.
        inversion: photo to code; :class:`riddle_pl.inversion.RefinedInversion` by default.
        drawing: what runs the generator; PyTorch by default.

    Attributes:
        draw_nonce: where nonces come from, for measurements that are to repeat themselves; the system's randomness by
            default.
        generators: G; those of another coder of the pack, on the same device, take its place to be loaded once.
    """

    def __init__(
        self,
        pack: Pack,
        encryptor: str = "encryptor",
        device: torch.device | str = "cpu",
        batch_size: int = 8,
        inversion: Inversion | None = None,
        drawing: Drawing | None = None,
    ):
        self.pack = pack
        self.encryptor_name = encryptor
        self.device = torch.device(device)
        self.batch_size = batch_size
        self.generators = Generators(pack, self.device, TorchDrawing() if drawing is None else drawing)
        self.draw_nonce: Callable[[], bytes] | None = None
        self.inversion: Inversion = RefinedInversion(pack, str(self.device)) if inversion is None else inversion

    @property
    def generator(self) -> FaceGenerator:
        """G, with the mapping network that turns passwords into latents."""
        return self.generators.at(self.pack.size)

    @cached_property
    def _encryptor(self) -> tuple[nn.Module, PasswordTokens]:
        network, tokens = self.pack.encryptor(self.encryptor_name)
        return network.to(self.device), tokens

    @property
    def is_padded(self) -> bool:
        """Whether the encryptor is a padded one."""
        return isinstance(self._encryptor[0], PaddedEncryptor)

    @property
    def reads_context(self) -> bool:
        """Whether the encryptor reads contexts."""
        return reads_context(self._encryptor[0])

    @property
    def tokens(self) -> PasswordTokens:
        """How the encryptor's passwords become latents."""
        return self._encryptor[1]

    def prepare(self, inversion: bool = True) -> None:
        """Loads the networks now, so that a fault in the pack shows before the user is asked for anything.

        Raises:
            PackError: a network is missing or damaged.
            CheckpointError: a file does not fit its architecture.
        """
        _ = (self.generator, self._encryptor)
        if inversion:
            self.inversion.prepare()

    @cached_property
    def _parser(self) -> ParserMap:
        return ParserMap(self.pack, self.device)

    def password(self, key: bytes, nonce: bytes | None) -> Float[Tensor, "1 n 512"]:
        """w_pwd of a face: of a key of :func:`riddle_pl.password.derive_key` and the face's nonce.

        Without a nonce it is that of all faces with this key: of records of format 1, and of linkable pictures.
        """
        return key_latent(key, self.generator, self.tokens, nonce).cpu()

    @torch.no_grad()
    def invert(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n 512"]:
        """The codes w of aligned faces in [-1, 1]; with a padded encryptor, inside of its model of codes."""
        w = torch.cat([self.inversion(part) for part in x.split(self.batch_size)])
        return encryptable(self._encryptor[0], w.to(self.device)).cpu()

    @torch.no_grad()
    def context(self, x: Float[Tensor, "b 3 h h"]) -> Float64[Tensor, "b k"] | None:
        """What the encryptor reads of the photos around aligned faces in [-1, 1]; None where it reads nothing."""
        return read_context(self._encryptor[0], x, self._parser, self.device, self.batch_size)

    @torch.no_grad()
    def encrypt(
        self,
        w: Float[Tensor, "b n 512"],
        keys: Sequence[bytes],
        linkable: Sequence[bool],
        context: Float64[Tensor, "b k"] | None = None,
    ) -> list[EncryptedCode]:
        """The codes of faces, each under its key and in its context.

        A linkable picture shows one person for every face of one key. Most encryptors reach that by giving all these
        faces one stream. A pad must not be used twice: a padded encryptor draws that person from the key alone, and
        what its record holds of the face, under a nonce of its own, is not what the picture shows.
        """
        encryptor = self._encryptor[0]
        draw = self.draw_nonce or fresh_nonce
        nonces = [None if shared and not self.is_padded else draw() for shared in linkable]
        streams = torch.cat([self.password(key, nonce) for key, nonce in zip(keys, nonces, strict=True)])
        w_enc = self.transform(w, streams, context)
        shown = list(w_enc)
        for index, (key, shared) in enumerate(zip(keys, linkable, strict=True)):
            if shared and isinstance(encryptor, PaddedEncryptor):
                given = encryptor.given(None if context is None else context[index, None])
                (shown[index],) = self._in_batches(given.persona, w[index, None], self.password(key, None))
        return [EncryptedCode(*face) for face in zip(w_enc, shown, nonces, strict=True)]

    @torch.no_grad()
    def transform(
        self,
        w: Float[Tensor, "b n 512"],
        w_pwd: Float[Tensor, "p n 512"],
        context: Float64[Tensor, "b k"] | None = None,
    ) -> Float[Tensor, "b n 512"]:
        """T(w, w_pwd), which encrypts a code, and decrypts an encrypted one; with one password for all, or one each.

        Args:
            context: of each face, of :meth:`context`, the same both ways.
        """
        encryptor, w_pwd = self._encryptor[0], w_pwd.expand(len(w), -1, -1)
        if context is None:
            return self._in_batches(encryptor, w, w_pwd)
        return self._in_batches(lambda w, w_pwd, part: in_context(encryptor, part)(w, w_pwd), w, w_pwd, context)

    @torch.no_grad()
    def is_same(
        self,
        encrypted: Float[Tensor, "1 n 512"],
        other: Float[Tensor, "1 n 512"],
        context: Float64[Tensor, "1 k"] | None = None,
    ) -> bool:
        """Whether two encrypted codes come from one photo and one password.

        A code that is found again differs by up to 0.3 %, with the faces that are inverted together and the machine. A
        pad makes much of it where a coordinate wraps round: its secret coordinates are compared on their circle.
        """
        encryptor = self._encryptor[0]
        if not isinstance(encryptor, PaddedEncryptor):
            return float((encrypted - other).abs().mean() / other.abs().mean()) < SAME_CODE
        given = encryptor.given(context)
        secret = [marginal(given.split(code.to(self.device))[1]) for code in (encrypted, other)]
        apart = (secret[0] - secret[1]).abs()
        return float(torch.minimum(apart, 1.0 - apart).mean()) < SAME_SECRET

    @torch.no_grad()
    def synthesise(self, w: Float[Tensor, "b n 512"]) -> Float[Tensor, "b 3 h h"]:
        """G(w), clamped to [-1, 1]."""
        return self._draw(self.pack.size, w)

    @torch.no_grad()
    def synthesise_for(self, w: Float[Tensor, "b n 512"], sides: Sequence[float]) -> list[Float[Tensor, "3 s s"]]:
        """Faces that are to fill squares of these sides in pixels, each at the size that its square needs.

        The pack's size where that is enough, else the smallest that is, or the largest that there is.
        """
        faces: dict[int, Tensor] = {}
        sizes = [self._size_for(side) for side in sides]
        for size in set(sizes):
            chosen = [index for index, other in enumerate(sizes) if other == size]
            faces |= dict(zip(chosen, self._draw(size, w[chosen]), strict=True))
        return [faces[index] for index in range(len(sizes))]

    def _size_for(self, side: float) -> int:
        larger = [size for size in self.pack.manifest.sizes if size >= self.pack.size]
        return next((size for size in larger if side <= ENLARGED * size), larger[-1])

    @torch.no_grad()
    def sketch(self, w: Float[Tensor, "b n 512"]) -> Float[Tensor, "b 3 s s"]:
        """G(w) at the smallest size that the pack draws, and in bfloat16 where that is faster: enough for a choice."""
        draw, kind = self.generators.draw(min(self.pack.manifest.sizes)), self.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=computes_bfloat16(kind)):
            return self._in_batches(draw, w, size=SKETCHED).float().clamp(-1.0, 1.0)

    def _draw(self, size: int, w: Float[Tensor, "b n 512"]) -> Float[Tensor, "b 3 s s"]:
        return self._in_batches(self.generators.draw(size), w).clamp(-1.0, 1.0)

    def _in_batches(self, network: Callable[..., Tensor], *inputs: Tensor, size: int | None = None) -> Tensor:
        parts = zip(*(tensor.split(size or self.batch_size) for tensor in inputs), strict=True)
        return torch.cat([network(*(part.to(self.device) for part in batch)).cpu() for batch in parts])
