"""Iterative Gaussianisation: an invertible map to a standard normal distribution."""

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

ICA_SAMPLES = 8000
ICA_STEPS = 15
SMALLEST_GAP = 1e-5
"""Smallest distance between two knots, for invertibility."""


class Gaussianisation(nn.Module):
    """Layers of a rotation and a monotone function of each coordinate.

    The function maps empirical quantiles to those of a standard normal distribution, linearly in between; it is
    extrapolated with the slope of a normal distribution of the same deviation. Inversion is exact in float64.

    Args:
        layers: how many.
        dim: K, coordinates.
        knots: quantiles per coordinate.

    Raises:
        ValueError: no coordinate, fewer than two knots, or a negative number of layers.

    Source: Chen and Gopinath, "Gaussianization", NIPS 2000; Laparra et al., "Iterative Gaussianization: from ICA to
    Random Rotations", IEEE TNN 2011.
    """

    rotations: Tensor
    places: Tensor
    slopes: Tensor
    normal: Tensor

    def __init__(self, layers: int, dim: int, knots: int = 40):
        super().__init__()
        if layers < 0 or dim < 1 or knots < 2:
            raise ValueError(f"layers is {layers}, dim {dim}, knots {knots}; expected at least 0, 1 and 2")
        quantiles = torch.special.ndtri((torch.arange(knots, dtype=torch.float64) + 0.5) / knots)
        self.register_buffer("rotations", torch.eye(dim).repeat(layers, 1, 1))
        self.register_buffer("places", quantiles.float().repeat(layers, dim, 1))
        self.register_buffer("slopes", torch.ones(layers, dim))
        self.register_buffer("normal", quantiles, persistent=False)

    @torch.no_grad()
    def fit(self, v: Float[Tensor, "m k"], seed: int = 0, layers: int | None = None) -> None:
        """Fits the first ``layers`` to ``m`` samples, one after the other; None: all. Rotations are from ICA."""
        v = v.double()
        order = (torch.arange(len(self.normal), dtype=v.dtype) + 0.5) / len(self.normal)
        for layer in range(len(self.rotations) if layers is None else layers):
            rotation = independent_components(v, seed + layer)
            turned = v @ rotation
            places = torch.quantile(turned, order.to(v), dim=0).T.contiguous()
            gaps = places.diff(dim=1).clamp_min(SMALLEST_GAP)
            self.rotations[layer] = rotation
            self.places[layer] = torch.cat([places[:, :1], places[:, :1] + gaps.cumsum(dim=1)], dim=1)
            self.slopes[layer] = 1.0 / turned.std(dim=0).clamp_min(SMALLEST_GAP)
            v = self._layer(layer, v)

    @torch.no_grad()
    def whiten(self, v: Float[Tensor, "m k"]) -> None:
        """Fits the last layer as a linear whitening of ``m`` samples, which may be too few for :meth:`fit`.

        Their distribution should be close to that of the samples of :meth:`fit`.
        """
        v = v.double()
        for layer in range(len(self.rotations) - 1):
            v = self._layer(layer, v)
        variances, axes = torch.linalg.eigh(shrunk_covariance(v))
        self.rotations[-1] = (axes / variances.sqrt()) @ axes.T
        centre = v.mean(dim=0) @ self.rotations[-1].double()
        self.places[-1] = centre[:, None] + self.normal
        self.slopes[-1] = 1.0

    def forward(self, v: Float[Tensor, "b k"]) -> Float64[Tensor, "b k"]:
        """To standard normal numbers."""
        v = v.double()
        for layer in range(len(self.rotations)):
            v = self._layer(layer, v)
        return v

    def inverse(self, v: Float[Tensor, "b k"]) -> Float64[Tensor, "b k"]:
        """The inverse of :meth:`forward`."""
        v = v.double()
        for layer in reversed(range(len(self.rotations))):
            places = self.places[layer].double()
            turned = _piecewise(v, self.normal.expand(len(places), -1), places, 1.0 / self.slopes[layer].double())
            v = torch.linalg.solve(self.rotations[layer].double(), turned, left=False)
        return v

    def _layer(self, layer: int, v: Float64[Tensor, "b k"]) -> Float64[Tensor, "b k"]:
        places = self.places[layer].double()
        turned = v @ self.rotations[layer].double()
        return _piecewise(turned, places, self.normal.expand(len(places), -1), self.slopes[layer].double())


def _piecewise(
    v: Float64[Tensor, "b k"], start: Float64[Tensor, "k m"], end: Float64[Tensor, "k m"], slope: Float64[Tensor, "k"]
) -> Float64[Tensor, "b k"]:
    """Piecewise linear interpolation through (start, end) by coordinate, extrapolated with ``slope``."""
    columns = v.T.contiguous()
    right = torch.searchsorted(start.contiguous(), columns).clamp(1, start.shape[1] - 1)
    left = right - 1
    x0, x1, y0, y1 = start.gather(1, left), start.gather(1, right), end.gather(1, left), end.gather(1, right)
    inside = y0 + (columns - x0) * (y1 - y0) / (x1 - x0)
    below = end[:, :1] + (columns - start[:, :1]) * slope[:, None]
    above = end[:, -1:] + (columns - start[:, -1:]) * slope[:, None]
    outside = torch.where(columns < start[:, :1], below, above)
    beyond = (columns < start[:, :1]) | (columns > start[:, -1:])
    return torch.where(beyond, outside, inside).T


def shrunk_covariance(v: Float64[Tensor, "m k"]) -> Float64[Tensor, "k k"]:
    """Covariance of few samples, shrunk towards a multiple of the identity.

    Source: the oracle approximating shrinkage of Chen, Wiesel, Eldar and Hero (IEEE TSP 2010, eq. 23).
    """
    found = torch.cov(v.T, correction=0)
    count, dim = v.shape
    squares, trace = found.square().sum(), found.trace()
    spread = (count + 1.0 - 2.0 / dim) * (squares - trace.square() / dim)
    share = (((1.0 - 2.0 / dim) * squares + trace.square()) / spread).clamp(max=1.0)
    covariance: Tensor = (1.0 - share) * found + share * trace / dim * torch.eye(dim).to(found)
    return covariance


def independent_components(v: Float64[Tensor, "m k"], seed: int) -> Float64[Tensor, "k k"]:
    """An orthogonal matrix of independent components.

    Source: symmetric FastICA with tanh (Hyvärinen, IEEE TNN 1999).
    """
    rng = torch.Generator().manual_seed(seed)
    centred = v - v.mean(dim=0)
    variances, axes = torch.linalg.eigh(centred.T @ centred / len(v))
    white = centred @ (axes / variances.clamp_min(SMALLEST_GAP).sqrt()) @ axes.T
    white = white[torch.randperm(len(v), generator=rng)[:ICA_SAMPLES]]
    found = torch.linalg.qr(torch.randn(v.shape[1], v.shape[1], generator=rng, dtype=v.dtype)).Q
    for _ in range(ICA_STEPS):
        seen = (white @ found.T).tanh()
        moved = seen.T @ white / len(white) - (1.0 - seen.square()).mean(dim=0)[:, None] * found
        left, _, right = torch.linalg.svd(moved)
        found = left @ right
    directions: Tensor = found.T
    return directions
