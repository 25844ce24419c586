"""A Gaussian model of W+ codes; inversion optimises in its coordinates."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.generator import FaceGenerator

SAMPLES = 50_000
SEED = 0


class GaussianCodeModel(nn.Module):
    """A W code in the principal axes of W, plus low-rank offsets by group of layers.

    A code is w_i = mean + v A + o_g B for every layer i of group g, with o_0 = 0. A is the root of W's covariance, so
    that v of a random W code is a standard normal vector; B holds the first ``rank`` axes of A.

    Args:
        groups: sizes of the groups of layers, summing to n; the layers of a group share an offset.
        rank: coordinates of a group's offset.
        dim: width of w.
        offset: standard deviation of an offset's coordinates under the model.

    Raises:
        ValueError: an empty group, or a rank above ``dim``.
    """

    mean: Tensor
    axes: Tensor
    scale: Tensor

    def __init__(self, groups: tuple[int, ...], rank: int, dim: int = 512, offset: float = 0.25):
        super().__init__()
        if not groups or min(groups) < 1 or not 0 < rank <= dim:
            raise ValueError(f"groups are {groups} and rank is {rank}; expected sizes of at least 1 and 1 to {dim}")
        self.groups = tuple(groups)
        self.num_layers = sum(groups)
        self.rank = rank
        self.dim = dim
        self.offset = offset
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("axes", torch.eye(dim))
        self.register_buffer("scale", torch.ones(dim))
        of_layer = [group for group, layers in enumerate(groups) for _ in range(layers)]
        self.register_buffer("group_of_layer", torch.tensor(of_layer), persistent=False)

    group_of_layer: Tensor

    @property
    def size(self) -> int:
        """K, coordinates of a code."""
        return self.dim + (len(self.groups) - 1) * self.rank

    @torch.no_grad()
    def fit(self, generator: FaceGenerator) -> None:
        """Mean and principal axes of W, from random codes of a fixed seed; largest variance first."""
        w = generator.random_w(SAMPLES, SEED).double()
        values, axes = torch.linalg.eigh(torch.cov(w.T))
        self.mean.copy_(w.mean(dim=0))
        self.axes.copy_(axes.flip(1).T)
        self.scale.copy_(values.flip(0).clamp_min(1e-6 * float(values.max())).sqrt())

    def decode(self, v: Float[Tensor, "b k"]) -> Float[Tensor, "b n d"]:
        """Coordinates to W+ codes."""
        root = self.scale[:, None] * self.axes
        base = self.mean + v[:, : self.dim] @ root
        offsets = self._offsets(v) @ (self.offset * root[: self.rank])
        grouped = base[:, None] + torch.cat([torch.zeros_like(base)[:, None], offsets], dim=1)
        return grouped[:, self.group_of_layer]

    def encode(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b k"]:
        """Coordinates of a code; inverts :meth:`decode`.

        Layers of a group are averaged, and offsets beyond the rank are lost.
        """
        starts = torch.tensor((0, *self.groups)).cumsum(0)[:-1]
        grouped = torch.stack([w[:, s : s + n].mean(dim=1) for s, n in zip(starts, self.groups, strict=True)], dim=1)
        base = (grouped[:, 0] - self.mean) @ self.axes.T / self.scale
        offsets = (grouped[:, 1:] - grouped[:, :1]) @ self.axes[: self.rank].T / (self.offset * self.scale[: self.rank])
        return torch.cat([base, offsets.flatten(1)], dim=1)

    def energy(self, v: Float[Tensor, "b k"]) -> Float[Tensor, "b"]:
        """Negative log density, up to a constant: half the squared norm."""
        return 0.5 * v.square().sum(dim=1)

    def forward(self, v: Float[Tensor, "b k"]) -> Float[Tensor, "b n d"]:
        """:meth:`decode`."""
        return self.decode(v)

    def _offsets(self, v: Float[Tensor, "b k"]) -> Float[Tensor, "b g r"]:
        return v[:, self.dim :].reshape(-1, len(self.groups) - 1, self.rank)
