"""PCA model of W+ codes over all layers, with standard normal coordinates."""

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

FEW = 4
"""Truncated SVD is used below 1 / FEW of all components."""


class PrincipalCodeModel(nn.Module):
    """K coordinates v of a W+ code, w = mean + v B, with v of codes of real faces about standard normal.

    B holds the leading principal components over all layers, each scaled by its standard deviation. ``encode`` projects
    a code onto the K components. Both directions work in float64, so that encrypted coordinates are recovered exactly.

    Args:
        groups: sizes of the groups of layers that are equal in every code, summing to n; ones for layers of their own.
        components: K.
        dim: width of w.

    Raises:
        ValueError: an empty group, or more components than numbers in a code.

    Source: the first part of the code model of honey encryption (Juels and Ristenpart, Eurocrypt 2014); principal
    components as in probabilistic PCA (Tipping and Bishop, 1999).
    """

    mean: Tensor
    basis: Tensor

    def __init__(self, groups: tuple[int, ...], components: int, dim: int = 512):
        super().__init__()
        if not groups or min(groups) < 1:
            raise ValueError(f"groups are {groups}; expected sizes of at least 1")
        if not 1 <= components <= len(groups) * dim:
            raise ValueError(f"components is {components}; expected 1 to {len(groups) * dim}")
        self.groups = tuple(groups)
        self.num_layers = sum(groups)
        self.components = components
        self.dim = dim
        self.register_buffer("mean", torch.zeros(len(groups), dim))
        self.register_buffer("basis", torch.eye(components, len(groups) * dim))
        of_layer = [group for group, layers in enumerate(groups) for _ in range(layers)]
        self.register_buffer("group_of_layer", torch.tensor(of_layer), persistent=False)

    group_of_layer: Tensor

    @torch.no_grad()
    def fit(self, codes: Float[Tensor, "m g d"]) -> Float[Tensor, "k"]:
        """Mean and components of ``m`` codes with one layer for each group, more of them than components.

        Returns:
            Share of the codes' variance in each component.

        Raises:
            ValueError: too few codes.
        """
        if len(codes) <= self.components:
            raise ValueError(
                f"{len(codes)} codes for {self.components} components; expected more codes than components"
            )
        mean = codes.mean(dim=0, dtype=torch.float64)
        centred = (codes.float() - mean.float()).flatten(1)
        lengths, axes = _leading(centred, self.components)
        self.mean.copy_(mean)
        self.basis.copy_(lengths[:, None] / (len(codes) - 1) ** 0.5 * axes)
        shares: Tensor = lengths.square() / centred.square().sum()
        return shares

    def decode(self, v: Float[Tensor, "b k"]) -> Float64[Tensor, "b n d"]:
        """Coordinates to W+ codes."""
        grouped = self.mean.double() + (v.double() @ self.basis.double()).unflatten(1, self.mean.shape)
        w: Tensor = grouped[:, self.group_of_layer]
        return w

    def encode(self, w: Float[Tensor, "b n d"]) -> Float64[Tensor, "b k"]:
        """Coordinates of the projection onto the components; inverts :meth:`decode`."""
        return self.encode_grouped(self.grouped(w.double()))

    def encode_grouped(self, codes: Float[Tensor, "b g d"]) -> Float64[Tensor, "b k"]:
        """:meth:`encode` of codes with one layer for each group."""
        basis = self.basis.double()
        centred = (codes.double() - self.mean.double()).flatten(1)
        factor = torch.linalg.cholesky(basis @ basis.T)  # nearly diagonal; stored weights are rounded
        return torch.cholesky_solve(basis @ centred.T, factor).T

    def energy(self, v: Float[Tensor, "b k"]) -> Float[Tensor, "b"]:
        """Negative log density, up to a constant: half the squared norm."""
        return 0.5 * v.square().sum(dim=1)

    def grouped(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b g d"]:
        """One layer for each group, the mean of its layers."""
        return torch.stack([part.mean(dim=1) for part in w.split(list(self.groups), dim=1)], dim=1)


def _leading(centred: Float[Tensor, "m f"], count: int) -> tuple[Float[Tensor, "k"], Float[Tensor, "k f"]]:
    """The largest singular values and their axes as rows, the largest first."""
    if count < min(centred.shape) // FEW:
        from scipy.sparse.linalg import svds  # slow to import, and needed only for fitting

        rows = centred.numpy(force=True)
        _, lengths, axes = svds(rows, k=count, v0=np.ones(min(rows.shape), rows.dtype), return_singular_vectors="vh")
        order = np.argsort(-lengths)
        return torch.from_numpy(lengths[order]).to(centred), torch.from_numpy(axes[order]).to(centred)
    _, found, vectors = torch.linalg.svd(centred, full_matrices=False)
    return found[:count], vectors[:count]
