"""Metrics of the attacks, and principal components of codes."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from riddle_pl.judging.metrics.estimate import Estimate

AMONG = 1000
"""Passwords among which the rank of the right one is given."""
LEVEL = (0.025, 0.975)
DIGITS = 6
"""Decimals of shares, beyond which there is only rounding error."""
TINY = 1e-12


def ranks(
    queries: Float[Tensor, "m f"], gallery: Float[Tensor, "g f"], own: Int[Tensor, "m"], centre: Float[Tensor, "f"]
) -> Float[Tensor, "m"]:
    """Rank of row ``own`` of the gallery for each query, 1 to g; ties count half.

    By cosine similarity of standardised columns; by absolute difference if there is only one column.

    Args:
        queries: feature vectors.
        gallery: feature vectors.
        own: matching row of each query.
        centre: mean of the queries as estimated by the attacker.
    """
    deviation = gallery.std(dim=0) + TINY
    q, g = (queries - centre) / deviation, (gallery - gallery.mean(dim=0)) / deviation
    scores = -(q - g.T).abs() if q.shape[1] == 1 else F.normalize(q, dim=1) @ F.normalize(g, dim=1).T
    truth = scores.gather(1, own.to(q.device)[:, None])
    return 0.5 + (scores > truth).sum(dim=1) + 0.5 * (scores == truth).sum(dim=1)


def wrong_above(scores: Float[Tensor, "m g"]) -> Float[Tensor, "m"]:
    """By face, the share of wrong passwords with a higher score than the right one's, in column 0; ties count half.

    1: the right password always has the lowest score; 0.5: chance. The mean is the AUROC within a face.

    >>> wrong_above(torch.tensor([[0.1, 0.5, 0.9], [0.5, 0.1, 0.5]])).tolist()
    [1.0, 0.25]
    """
    right, wrong = scores[:, :1], scores[:, 1:]
    return ((wrong > right).float() + 0.5 * (wrong == right).float()).mean(dim=1)


def median_rank(above: Float[Tensor, "m"], resamples: int, seed: int) -> Estimate:
    """Median rank of the right password among 1,000, with its bootstrap interval; chance: 500.

    Args:
        above: of :func:`wrong_above`.
    """
    places = 1.0 + (AMONG - 1) * (1.0 - above.double().cpu())
    rng = torch.Generator().manual_seed(seed)
    drawn = places[torch.randint(len(places), (resamples, len(places)), generator=rng)].quantile(0.5, dim=1)
    low, high = (float(drawn.quantile(level)) for level in LEVEL)
    return Estimate(float(places.quantile(0.5)), low, high, len(places))


def bits(rank: Estimate) -> Estimate:
    """log2(500 / median rank): information of a face about the password. 0: none; 9: decisive."""
    value, high, low = (math.log2(AMONG / 2 / place) for place in rank[:3])
    return Estimate(value, low, high, rank.faces)


@dataclass(frozen=True)
class Components:
    """Principal components of all layers of a code together."""

    mean: Float[Tensor, "n d"]
    rows: Float[Tensor, "k f"]
    """Orthonormal."""
    deviations: Float[Tensor, "k"]

    @classmethod
    def of(cls, w: Float[Tensor, "m n d"], count: int) -> "Components":
        """The leading ``count`` of codes ``w``, fewer where the codes have no more."""
        mean = w.mean(dim=0)
        centred = (w - mean).flatten(1).double()
        values, vectors = torch.linalg.eigh(centred @ centred.T)  # of m by m, which is less than f by f
        values, vectors = values[-count:], vectors[:, -count:]
        kept = values > 1e-9 * values[-1]
        roots = values[kept].sqrt()
        rows = (vectors[:, kept] / roots).T @ centred
        return cls(mean, rows.to(w), (roots / len(w) ** 0.5).to(w))

    def whitened(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b k"]:
        """Whitened components."""
        return (w - self.mean).flatten(1).to(self.rows) @ self.rows.T / self.deviations

    def outside(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b"]:
        """Share of each code's variance outside of the components."""
        centred = (w - self.mean).flatten(1).to(self.rows)
        inside = (centred @ self.rows.T).square().sum(dim=1)
        return (1.0 - inside / centred.square().sum(dim=1)).round(decimals=DIGITS)

    def described(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b k1"]:
        """Concatenation of :meth:`whitened` and :meth:`outside`."""
        return torch.cat([self.whitened(w), self.outside(w)[:, None]], dim=1)
