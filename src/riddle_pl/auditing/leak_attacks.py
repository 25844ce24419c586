"""What records tell those who have no password: attacks on an encryptor T that work on codes alone.

Each is a function of codes and of T, so that it can be tried on a toy that leaks and on one that does not.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

Transform = Callable[[Tensor, Tensor], Tensor]
"""T: codes and password latents, both (b, n, d), to codes."""

TINY = 1e-12


def pair_lengths(v: Float[Tensor, "m n d"]) -> Float[Tensor, "m f"]:
    """Lengths of the coordinate pairs (0, 1), (2, 3), ... of each layer: what a reflection of each pair keeps."""
    return (v[..., 0::2].square() + v[..., 1::2].square()).sqrt().flatten(1)


def rank_one(
    queries: Float[Tensor, "m f"], gallery: Float[Tensor, "g f"], own: Int[Tensor, "m"], centre: Float[Tensor, "f"]
) -> Float[Tensor, "m"]:
    """1 for each query whose nearest row of the gallery is row ``own``, else 0; a guess would be right 1 time in g.

    Nearest by cosine around the gallery's mean, each column divided by the deviation that it has in the gallery.

    Args:
        queries: what is looked for, each on its own.
        gallery: where.
        own: the row of each query.
        centre: what queries lie around, as far as their attacker can know.
    """
    deviation = gallery.std(dim=0) + TINY
    q = F.normalize((queries - centre) / deviation, dim=1)
    g = F.normalize((gallery - gallery.mean(dim=0)) / deviation, dim=1)
    return ((q @ g.T).argmax(dim=1) == own.to(q.device)).float()


class LinearReading:
    """The least-squares guess of a code from its encryption, learned on codes of strangers under many passwords.

    One linear map for all layers, between codes centred layer by layer.

    Args:
        w_enc: encryptions of the strangers' codes.
        w: these codes.
    """

    def __init__(self, w_enc: Float[Tensor, "m n d"], w: Float[Tensor, "m n d"]):
        self.mean, self.mean_enc = w.mean(dim=0), w_enc.mean(dim=0)
        x, y = ((side - side.mean(dim=0)).flatten(0, 1).double() for side in (w_enc, w))
        gram = x.T @ x
        ridge = 1e-6 * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
        self.map: Tensor = torch.linalg.solve(gram + ridge, x.T @ y).to(w)

    def __call__(self, w_enc: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        w: Tensor = (w_enc - self.mean_enc) @ self.map + self.mean
        return w

    def share(self, w_enc: Float[Tensor, "b n d"], w: Float[Tensor, "b n d"]) -> Float[Tensor, "b"]:
        """By face; their mean is the share of the codes' squared distance from the strangers' mean that is read.

        It is below 0 where the mean would have been the better guess.
        """
        missed = (self(w_enc) - w).square().sum(dim=(1, 2))
        return 1.0 - missed / (w - self.mean).square().sum(dim=(1, 2)).mean()


@dataclass(frozen=True)
class Components:
    """Principal components of all layers of a code together."""

    mean: Float[Tensor, "n d"]
    rows: Float[Tensor, "k f"]
    """Orthonormal."""

    @classmethod
    def of(cls, w: Float[Tensor, "m n d"], count: int) -> "Components":
        """The leading ``count`` of codes ``w``, at most one fewer than there are codes."""
        mean = w.mean(dim=0)
        centred = (w - mean).flatten(1).double()
        values, vectors = torch.linalg.eigh(centred @ centred.T)  # of m by m, which is less than f by f
        kept = slice(-min(count, len(w) - 1), None)
        return cls(mean, ((vectors[:, kept] / values[kept].clamp_min(TINY).sqrt()).T @ centred).to(w))

    def outside(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b"]:
        """Share of each code's squared distance from the mean that lies outside of the components."""
        centred = (w - self.mean).flatten(1)
        inside = (centred @ self.rows.T).square().sum(dim=1)
        return 1.0 - inside / centred.square().sum(dim=1)


def movement(w: Float[Tensor, "b n d"], w_enc: Float[Tensor, "b n d"]) -> Float[Tensor, "b"]:
    """How far a decryption moves the code of a record: |T(w_enc, p) - w_enc|."""
    return (w - w_enc).flatten(1).square().sum(dim=1).sqrt()


def wrong_above(scores: Float[Tensor, "m g"]) -> Float[Tensor, "m"]:
    """By face, the share of wrong passwords with a higher score than the right one's, in column 0; ties count half.

    1 where the lowest score always tells the right password, 0.5 where it tells nothing. The mean is the area under
    the ROC curve within a face.
    """
    right, wrong = scores[:, :1], scores[:, 1:]
    return ((wrong > right).float() + 0.5 * (wrong == right).float()).mean(dim=1)


@torch.enable_grad()
def fit_password(
    transform: Transform,
    w_enc: Float[Tensor, "g k n d"],
    w: Float[Tensor, "g k n d"],
    start: Float[Tensor, "t d"],
    steps: int = 600,
    learning_rate: float = 0.3,
) -> Float[Tensor, "g n d"]:
    """A password latent q for each of g photos, from k faces of each that are known: Adam on |T(w_enc, q) - w|².

    Args:
        transform: T.
        w_enc: codes in the record.
        w: the known faces' codes.
        start: the mean password latent, of as many layers as passwords have (one: the same for all layers).
        steps: of Adam; the learning rate falls to zero by a cosine.
        learning_rate: at the start, in standard deviations of the codes.
    """
    photos, known, layers, _ = w.shape
    scale = float((w - w.mean(dim=(0, 1))).std()) + TINY
    moved = torch.zeros(photos, *start.shape, device=w.device, requires_grad=True)
    optimizer = torch.optim.Adam([moved], lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

    def latent() -> Tensor:
        return (start + scale * moved).expand(photos, layers, -1)

    for _ in range(steps):
        opened = transform(w_enc.flatten(0, 1), latent().repeat_interleave(known, dim=0))
        loss = ((opened - w.flatten(0, 1)) / scale).square().mean(dim=(1, 2)).sum()
        (moved.grad,) = torch.autograd.grad(loss, moved)
        optimizer.step()
        schedule.step()
    return latent().detach()
