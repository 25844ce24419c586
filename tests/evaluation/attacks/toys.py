"""Encryptors of a few numbers, broken ones and a sound one, and a generator and a recogniser that show them."""

import torch
from torch import Tensor, nn

from riddle_pl.evaluation.attacks.target import Faces, Target
from riddle_pl.networks.encryptors.involutive import InvolutiveEncryptor
from riddle_pl.networks.encryptors.padded import PaddedEncryptor, quantile
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.password import KeyStream, PerLayerTokens

LAYERS, DIM = 3, 16
COORDINATES = 24
PEOPLE = 200


class ToyGenerator(FaceGenerator):
    """Its noise is its code; its pictures of 4 px are the code's numbers."""

    size, num_layers, style_dim = 4, LAYERS, DIM

    def __init__(self) -> None:
        super().__init__()
        self.style = nn.Identity()
        self.nothing = nn.Parameter(torch.zeros(()))

    def forward(self, w: Tensor) -> Tensor:
        return (self.accept(w) / 6.0).reshape(-1, 3, 4, 4)


class Identity(nn.Module):
    """Broken: no encryption at all."""

    def forward(self, w: Tensor, w_pwd: Tensor) -> Tensor:
        return w + 0.0 * w_pwd


class Shift(nn.Module):
    """Broken: p - w, its own inverse, smooth in the password."""

    def forward(self, w: Tensor, w_pwd: Tensor) -> Tensor:
        return w_pwd - w


class SharedStream(Target):
    """Broken: one stream for all."""

    def passwords(self, count: int, rng: torch.Generator) -> Tensor:
        return super().passwords(1, torch.Generator().manual_seed(1)).expand(count, -1, -1)


def normal(count: int, seed: int) -> Tensor:
    return torch.randn(count, LAYERS, DIM, generator=torch.Generator().manual_seed(seed))


def thin(count: int, seed: int) -> Tensor:
    """Codes that fill six directions of their space, as codes of faces fill few of theirs."""
    return (normal(count, seed).flatten(1)[:, :6] @ normal(6, 99).flatten(1)).unflatten(1, (LAYERS, DIM))


def reflecting() -> InvolutiveEncryptor:
    """Broken: keeps lengths, is smooth in the password, and does not know where codes lie."""
    torch.manual_seed(0)
    return InvolutiveEncryptor(LAYERS, DIM, hidden=8, heads=2, depth=1).requires_grad_(False)


def padding(public: int = 0) -> PaddedEncryptor:
    """Sound for codes of :func:`modelled`."""
    torch.manual_seed(0)
    network = PaddedEncryptor(LAYERS, COORDINATES, dim=DIM, public=public).requires_grad_(False)
    network.codes.mean.normal_()
    network.codes.basis.normal_()
    return network


def modelled(network: PaddedEncryptor, count: int, seed: int) -> Tensor:
    """Codes that are drawn from its model."""
    rng = torch.Generator().manual_seed(seed)
    return network.decode(quantile(torch.rand(count, COORDINATES, dtype=torch.float64, generator=rng)))


class Surroundings(nn.Module):
    """Reads a context from where :func:`beside` writes it."""

    def forward(self, around: Tensor) -> Tensor:
        return around.flatten(1)[:, :COORDINATES]


TOLD = 0.9
"""Deviation of what a photo tells of a coordinate."""


def reading() -> PaddedEncryptor:
    """Sound for codes of :func:`beside`, in their contexts."""
    torch.manual_seed(0)
    network = PaddedEncryptor(LAYERS, COORDINATES, dim=DIM, context=8).requires_grad_(False)
    network.codes.mean.normal_()
    network.codes.basis.normal_()
    network.reader = Surroundings()
    network.residual.mul_((1.0 - TOLD**2) ** 0.5)
    return network


def beside(network: PaddedEncryptor, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Codes that are drawn from its model, and the photos around them, which tell most of each."""
    rng = torch.Generator().manual_seed(seed)
    context = TOLD * torch.randn(count, COORDINATES, dtype=torch.float64, generator=rng)
    z = quantile(torch.rand(count, COORDINATES, dtype=torch.float64, generator=rng))
    around = torch.zeros(count, 64, dtype=torch.float64)
    around[:, :COORDINATES] = context
    return network.given(context).decode(z), around.view(count, 4, 4, 4)


def target(network: nn.Module, kind: type[Target] = Target) -> Target:
    tokens = KeyStream() if isinstance(network, PaddedEncryptor) else PerLayerTokens()
    return kind(ToyGenerator(), network, tokens, nn.Flatten, resamples=200)


def faces(network: nn.Module, victims: int = PEOPLE, public: int = 400) -> Faces:
    """Normal codes; of a padded encryptor, its model's."""
    if isinstance(network, PaddedEncryptor):
        return people(modelled(network, victims, 1), modelled(network, public, 2))
    return people(normal(victims, 1), normal(public, 2))


def people(victims: Tensor, public: Tensor) -> Faces:
    """With another photo of every second victim, whose code is about the same; around the faces is nothing."""
    rows = torch.arange(0, len(victims), 2)
    around = (torch.zeros(len(side), 4, 4, 4) for side in (victims, public, rows))
    return Faces(victims, public, victims[rows] + 0.1 * normal(len(rows), 3), rows, *around)
