"""An encryptor that is its own inverse: T(T(w, p), p) = w for every w and p, by construction (beyond the paper).

The paper's T has to learn its own inverse, which takes capacity and loss weight. Here T_p = F_p^-1 S_p F_p: F_p is a
chain of additive coupling layers (Dinh et al., "NICE", ICLR workshop 2015) driven by the password, which can be
inverted exactly whatever its weights are, and S_p reflects the code in planes, at angles that depend on the password.
S_p is its own inverse, hence so is T_p, up to rounding. Training only has to learn a realistic, different identity for
every password, right or wrong.

T is not secure against attacks on codes: reflections preserve norms, T is smooth in the password, and wrong decryptions
do not follow the distribution of codes of faces. ``riddle-attack`` measures the consequences.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class PlaneReflection(nn.Module):
    """S_p: reflects each pair of coordinates (a_i, b_i) at the axis of angle theta_i(p) / 2.

    A reflection is symmetric and orthogonal: it is its own inverse and keeps the length of (a_i, b_i). Two of them
    under different passwords make a rotation, so a wrong password does not lead back.

    Args:
        dim: width of a code (two coordinates a plane).
    """

    def __init__(self, dim: int):
        super().__init__()
        self.angle = nn.Linear(dim, dim // 2)
        nn.init.normal_(self.angle.weight, std=torch.pi / dim**0.5)
        nn.init.zeros_(self.angle.bias)

    def forward(
        self, a: Float[Tensor, "b n h"], b: Float[Tensor, "b n h"], password: Float[Tensor, "b d"]
    ) -> tuple[Float[Tensor, "b n h"], Float[Tensor, "b n h"]]:
        theta = self.angle(password)[:, None]
        cos, sin = theta.cos(), theta.sin()
        return cos * a + sin * b, sin * a - cos * b


class CouplingShift(nn.Module):
    """Shift that is added to one half of the coordinates, from the other half and the password; all layers attend."""

    def __init__(self, num_layers: int, dim: int, hidden: int, heads: int):
        super().__init__()
        self.from_half = nn.Linear(dim // 2, hidden)
        self.from_password = nn.Linear(dim, hidden)
        self.position = nn.Parameter(0.02 * torch.randn(num_layers, hidden))
        self.mix = nn.TransformerEncoderLayer(
            hidden, heads, 2 * hidden, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.norm = nn.LayerNorm(hidden)
        self.to_shift = nn.Linear(hidden, dim // 2)
        nn.init.zeros_(self.to_shift.weight)
        nn.init.zeros_(self.to_shift.bias)

    def forward(self, half: Float[Tensor, "b n h"], password: Float[Tensor, "b n d"]) -> Float[Tensor, "b n h"]:
        tokens = self.from_half(half) + self.from_password(password) + self.position
        shift: Tensor = self.to_shift(self.norm(self.mix(tokens)))
        return shift


class InvolutiveEncryptor(nn.Module):
    """T with exact recovery.

    Codes are written, around the mean of their layer, in their principal components (``fit_latents``), each scaled to
    unit variance: see :meth:`coordinates`. Neighbouring ones, whose variances are alike, share a plane of S_p.

    T changes all of them. With a ``rank`` it changes the leading ones only: the others pass in clear, whatever the
    password, and tell whose code it was.

    Args:
        num_layers: n, layers of a W+ code.
        dim: width of a code, even.
        rank: leading components that T changes, even; None: all of them.
        hidden: width inside the coupling layers.
        heads: attention heads inside the coupling layers.
        depth: coupling layers in F_p.

    Raises:
        ValueError: ``rank`` is odd, or not between 2 and ``dim``.
    """

    mean: Tensor
    basis: Tensor
    scale: Tensor

    def __init__(
        self,
        num_layers: int,
        dim: int = 512,
        rank: int | None = None,
        hidden: int = 256,
        heads: int = 4,
        depth: int = 4,
    ):
        super().__init__()
        rank = dim if rank is None else rank
        if rank % 2 or not 2 <= rank <= dim:
            raise ValueError(f"rank is {rank}; expected an even number from 2 to {dim}")
        self.num_layers = num_layers
        self.rank = rank
        self.reflection = PlaneReflection(rank)
        self.shifts = nn.ModuleList(CouplingShift(num_layers, rank, hidden, heads) for _ in range(depth))
        self.register_buffer("mean", torch.zeros(num_layers, dim))
        self.register_buffer("basis", torch.eye(dim))
        self.register_buffer("scale", torch.ones(dim))

    @torch.no_grad()
    def fit_latents(self, w: Float[Tensor, "m n d"]) -> None:
        """Sets each layer's mean, and the principal components around it and their standard deviations of all layers
        together, from ``m`` codes like those to encrypt, which may lie on another device."""
        mean = w.mean(dim=0)
        self.mean.copy_(mean)
        covariance = torch.cov((w - mean).flatten(0, 1).double().T)
        variances, vectors = torch.linalg.eigh(covariance)
        self.basis.copy_(vectors.flip(1))
        floor = variances.max() * 1e-6
        self.scale.copy_(variances.flip(0).clamp_min(floor).sqrt())

    def coordinates(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        """Codes in their principal components, in standard deviations; S_p turns 0 with 1, 2 with 3, and so on."""
        v: Tensor = (w - self.mean) @ self.basis / self.scale
        return v

    def forward(self, w: Float[Tensor, "b n d"], w_pwd: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        v, kept = self.coordinates(w).split([self.rank, self.basis.shape[0] - self.rank], dim=-1)
        password = self.coordinates(w_pwd)[..., : self.rank]
        a, b = v[..., 0::2], v[..., 1::2]
        for index, shift in enumerate(self.shifts):
            a, b = self._couple(shift, index, a, b, password, sign=1.0)
        a, b = self.reflection(a, b, password[:, 0])
        for index, shift in reversed(list(enumerate(self.shifts))):
            a, b = self._couple(shift, index, a, b, password, sign=-1.0)
        v = torch.cat([torch.stack([a, b], dim=-1).flatten(-2), kept], dim=-1)
        return v * self.scale @ self.basis.T + self.mean

    @staticmethod
    def _couple(
        shift: nn.Module, index: int, a: Tensor, b: Tensor, password: Tensor, sign: float
    ) -> tuple[Tensor, Tensor]:
        """One coupling layer (sign 1) or its inverse (sign -1); even ones change a, odd ones b."""
        if index % 2 == 0:
            return a + sign * shift(b, password), b
        return a, b + sign * shift(a, password)
