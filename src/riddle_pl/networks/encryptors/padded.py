"""An encryptor with a security proof: a one-time pad on the coordinates of a code, from the password's key stream.

Honey encryption (Juels and Ristenpart, Eurocrypt 2014) of a face's code. A model of codes turns w into coordinates v
whose distribution over codes of real faces is known; their distribution function turns v into uniforms u; and u is
subtracted from the uniforms k of the key stream, modulo 1, which is its own inverse: k - (k - u) = u. The result is
uniform if k is, for every w: without the key w_enc reveals nothing about w, and a wrong key gives another sample of the
model. docs/security.md has the theorem, its assumptions and its limits.
"""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor, nn

from riddle_pl.networks.encryptors.context_reader import ContextReader
from riddle_pl.networks.encryptors.gaussianisation import Gaussianisation
from riddle_pl.networks.encryptors.principal_code_model import PrincipalCodeModel
from riddle_pl.networks.latents import check_latents

WORD_BITS = 52
"""Bits of the subtracted words: the resolution of a float64 in [1/2, 1)."""
MODULUS = 1 << WORD_BITS
HEAVY = 0.01
"""Share of the logistic distribution in a coordinate's marginal."""
FARTHEST = 40.0
"""Search limit in standard deviations, beyond what 52 bits resolve."""
HALVINGS = 60


def marginal(v: Float64[Tensor, "..."]) -> Float64[Tensor, "..."]:
    """F: distribution function of a coordinate, 99 % standard normal and 1 % logistic.

    With 52 bits, a purely normal distribution ends at 8 standard deviations. With this mixture, the width of a word is
    below 1e-8 standard deviations at 12, and 1e-5 at 20.
    """
    normal: Tensor = torch.special.ndtr(v)
    return (1.0 - HEAVY) * normal + HEAVY * torch.sigmoid(v)


def quantile(u: Float64[Tensor, "..."]) -> Float64[Tensor, "..."]:
    """The inverse of :func:`marginal`, by bisection in the lower tail, where float64 is finest."""
    upper = u > 0.5
    p = torch.where(upper, 1.0 - u, u)
    low, high = torch.full_like(p, -FARTHEST), torch.zeros_like(p)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        below = marginal(middle) < p
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    found = 0.5 * (low + high)
    return torch.where(upper, -found, found)


def uniforms(words: Int64[Tensor, "..."]) -> Float64[Tensor, "..."]:
    """The middle of each word's interval in (0, 1), which float64 holds exactly."""
    middle: Tensor = (words.double() + 0.5) / MODULUS
    return middle


def to_words(v: Float64[Tensor, "..."]) -> Int64[Tensor, "..."]:
    """floor(2^52 F(v)), for any v."""
    return (marginal(v) * MODULUS).long().clamp(0, MODULUS - 1)


def from_words(words: Int64[Tensor, "..."]) -> Float64[Tensor, "..."]:
    """The v in the middle of a word's interval."""
    return quantile(uniforms(words))


def pad(v: Float64[Tensor, "b k"], stream: Float64[Tensor, "b k"]) -> Float64[Tensor, "b k"]:
    """Encrypts and decrypts coordinates.

    Args:
        v: coordinates.
        stream: uniforms of :func:`riddle_pl.password.key_stream`, (word + 1/2) / 2^52.
    """
    return from_words(((stream * MODULUS).long() - to_words(v)).remainder(MODULUS))


class Frame(NamedTuple):
    """Affine map between normalised components v and padded coordinates c: v = mean + c @ axes."""

    mean: Float64[Tensor, "m k"]
    """By code; m is 1 if all codes share it."""
    axes: Float64[Tensor, "k k"]


class PaddedEncryptor(nn.Module):
    """T with a security proof; nothing is trained.

    Its password tokens are ``key_stream``. Recovery is exact for codes inside of its model; project other codes with
    :meth:`inside` before they are encrypted or shown.

    The model may be conditioned on the photo around the face, a public context: see :meth:`given`. Then only what the
    context does not predict is padded, and every decryption is consistent with the surroundings.

    ``public`` coordinates are not encrypted.

    Args:
        num_layers: n, layers of a W+ code.
        components: K, coordinates of a code.
        groups: sizes of the groups of layers that are equal in every code, summing to n; by default all layers differ.
        dim: width of w.
        public: r, number of leading coordinates (rows of ``axes``) that are not encrypted.
        layers: of the ``Gaussianisation`` (``gaussianisation.py``) after the principal components.
        context: channels of the context network (``context_reader.py``); 0: no context.

    Raises:
        ValueError: the groups do not sum to n, ``public`` is not between 0 and K, or see
            :class:`~riddle_pl.networks.encryptors.principal_code_model.PrincipalCodeModel` and
            :class:`~riddle_pl.networks.encryptors.context_reader.ContextReader`.
    """

    axes: Tensor
    residual: Tensor

    def __init__(
        self,
        num_layers: int,
        components: int,
        groups: Sequence[int] | None = None,
        dim: int = 512,
        public: int = 0,
        layers: int = 0,
        context: int = 0,
    ):
        super().__init__()
        sizes = (1,) * num_layers if groups is None else tuple(groups)
        if sum(sizes) != num_layers:
            raise ValueError(f"groups are {sizes}, which sum to {sum(sizes)}; expected {num_layers} layers")
        self.codes = PrincipalCodeModel(sizes, components, dim)
        self.flow = Gaussianisation(layers, components)
        if not 0 <= public < components:
            raise ValueError(f"public is {public}; expected 0 to {components - 1}, one less than there are components")
        self.num_layers = num_layers
        self.public = public
        self.reader = ContextReader(components, context) if context else None
        self.register_buffer("axes", torch.eye(components) if public else None)
        self.register_buffer("residual", torch.eye(components) if context else None)
        self._context: Tensor | None = None

    def with_public(self, public: int) -> "PaddedEncryptor":
        """The same encryptor with another number of unencrypted coordinates.

        Raises:
            ValueError: ``public`` is not between 0 and K, or the encryptor has no axes.
        """
        if not 0 <= public < self.codes.components or (public and self.axes is None):
            raise ValueError(f"public is {public}; expected 0 to {self.codes.components - 1}, and axes unless it is 0")
        other = copy.copy(self)
        other.public = public
        return other

    @torch.no_grad()
    def read(self, around: Float[Tensor, "b 4 s s"]) -> Float64[Tensor, "b k"] | None:
        """Contexts of photos, from the photos without their faces; None if the encryptor uses no context.

        Args:
            around: of :func:`riddle_pl.photos.without_face.without_face`, 32 x 32 pixels.
        """
        return None if self.reader is None else self.reader(around.float()).double()

    def given(self, context: Float64[Tensor, "b k"] | None) -> "PaddedEncryptor":
        """The same encryptor, conditioned on contexts: one for each code that it will be called with.

        None: unconditional.

        Raises:
            ValueError: the encryptor uses no context, or the context has another size.
        """
        if context is not None and (self.reader is None or context.shape[1:] != (self.codes.components,)):
            expected = "none" if self.reader is None else f"{self.codes.components} numbers for each face"
            raise ValueError(f"context is of shape {tuple(context.shape)}; expected {expected}")
        other = copy.copy(self)
        other._context = None if context is None else context.double()
        return other

    def coordinates(self, w: Float[Tensor, "b n d"]) -> Float64[Tensor, "b k"]:
        """Coordinates, public ones first; about standard normal for codes of real faces."""
        mean, axes = self.frame()
        v: Tensor = self.flow(self.codes.encode(w))
        coordinates: Tensor = torch.linalg.solve(axes, v - mean, left=False)
        return coordinates

    def split(self, w: Float[Tensor, "b n d"]) -> tuple[Float64[Tensor, "b r"], Float64[Tensor, "b s"]]:
        """Public and secret coordinates."""
        public, secret = self.coordinates(w).split([self.public, self.codes.components - self.public], dim=1)
        return public, secret

    def decode(self, v: Float[Tensor, "b k"]) -> Float64[Tensor, "b n d"]:
        """The code with these coordinates."""
        mean, axes = self.frame()
        return self.codes.decode(self.flow.inverse(mean + v.double() @ axes))

    def inside(self, w: Float[Tensor, "b n d"]) -> Float64[Tensor, "b n d"]:
        """The projection of a code onto the model."""
        return self.codes.decode(self.codes.encode(w))

    def forward(self, w: Float[Tensor, "b n d"], w_pwd: Float[Tensor, "b n d"]) -> Float64[Tensor, "b n d"]:
        """Encrypts, and decrypts.

        Args:
            w: codes; the part outside of the model is lost.
            w_pwd: uniforms of the key stream in float64; the first K are used.

        Raises:
            ValueError: ``w`` or ``w_pwd`` is for another number of layers, or ``w_pwd`` is no stream of uniforms.
        """
        check_latents(w, w_pwd, self.num_layers)
        if w_pwd.dtype != torch.float64 or not ((w_pwd > 0) & (w_pwd < 1)).all():
            raise ValueError("w_pwd is no key stream: expected float64 numbers between 0 and 1 (password=key_stream)")
        public, secret = self.split(w)
        padded = pad(secret, w_pwd.flatten(1)[:, : secret.shape[1]])
        return self.decode(torch.cat([public, padded], dim=1))

    def persona(self, w: Float[Tensor, "b n d"], w_pwd: Float[Tensor, "b n d"]) -> Float64[Tensor, "b n d"]:
        """Codes generated from a stream, with the public coordinates of ``w``.

        They do not depend on secret coordinates of ``w``, so that a stream may be reused, unlike in :meth:`forward`.
        """
        public, secret = self.split(w)
        return self.decode(torch.cat([public, quantile(w_pwd.flatten(1)[:, : secret.shape[1]])], dim=1))

    def frame(self) -> Frame:
        """The affine map from coordinates to normalised components, given this encryptor's context.

        The axes come from a QR decomposition with a positive diagonal. It is unique, hence the same on every machine,
        and orthonormal in float64 whatever the precision of the stored weights.
        """
        k = self.codes.components
        identity = torch.eye(k, dtype=torch.float64, device=self.codes.mean.device)
        public = orthonormal_rows(self.axes.double()) if self.public else identity
        if self._context is None:
            return Frame(identity.new_zeros(1, k), public)
        residual = self.residual.double()
        turned = orthonormal_rows(public @ residual) if self.public else identity
        return Frame(self._context.to(identity), turned @ residual.T)


def orthonormal_rows(rows: Float64[Tensor, "r k"]) -> Float64[Tensor, "r k"]:
    """Gram-Schmidt orthonormalisation of the rows, by QR with a positive diagonal."""
    q, r = torch.linalg.qr(rows.T)
    found: Tensor = (q * r.diagonal().sign()).T
    return found


def encryptable(encryptor: nn.Module, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
    """Codes that T can recover: projected onto the model for a padded encryptor, unchanged otherwise."""
    return encryptor.inside(w) if isinstance(encryptor, PaddedEncryptor) else w


def reads_context(encryptor: nn.Module) -> bool:
    """Whether T is a padded encryptor with a context network."""
    return isinstance(encryptor, PaddedEncryptor) and encryptor.reader is not None


def in_context(encryptor: nn.Module, context: Float64[Tensor, "b k"] | None) -> nn.Module:
    """T conditioned on these contexts; only padded encryptors use them."""
    return encryptor.given(context) if isinstance(encryptor, PaddedEncryptor) else encryptor
