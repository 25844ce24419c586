"""Small random networks with the interfaces of the real ones, in float64, and steps made with them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from riddle_pl.losses import StepFeatures
from riddle_pl.losses.code_space import CodeSpace
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.training.step import EncryptionStep

SIZE = 16
DIM = 12
CLASSES = 13


class Encryptor(nn.Module):
    """Mixes code and password, not linearly."""

    def __init__(self) -> None:
        super().__init__()
        self.code = nn.Linear(DIM, DIM)
        self.password = nn.Linear(DIM, DIM)

    def forward(self, w: Tensor, w_pwd: Tensor) -> Tensor:
        return w + torch.tanh(self.code(w) + 2 * self.password(w_pwd))


class Counted(nn.Module):
    """Remembers the batch size and gradient mode of each call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[int, bool]] = []

    def record(self, x: Tensor) -> None:
        self.calls.append((len(x), torch.is_grad_enabled()))


class Recogniser(Counted):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, stride=2)
        self.head = nn.Linear(6 * 7 * 7, 8)

    def forward(self, x: Tensor) -> Tensor:
        self.record(x)
        return F.normalize(self.head(torch.tanh(self.conv(x)).flatten(1)), dim=1)


class Perceptual(Counted):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)
        self.second = nn.Conv2d(4, 5, 3, stride=2)

    def forward(self, x: Tensor) -> list[Tensor]:
        self.record(x)
        fine = torch.tanh(self.first(x))
        return [fine, torch.tanh(self.second(fine))]


class Parser(Counted):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, CLASSES, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        self.record(x)
        return self.conv(x)


def make_generator() -> Generator:
    """A 16 px generator; its stored noise is on, as in trained ones."""
    generator = Generator(SIZE, {4: 6, 8: 6, 16: 4}, style_dim=DIM, mapping_layers=2)
    for name, parameter in generator.named_parameters():
        if name.endswith("noise.weight"):
            nn.init.constant_(parameter, 0.3)
    return generator.double().eval().requires_grad_(False)


def make_code_space() -> CodeSpace:
    """Of a W that is wide in some directions and narrow in others, and not around zero."""
    rng = torch.Generator().manual_seed(5)
    w = torch.randn(200, DIM, generator=rng, dtype=torch.float64) * torch.linspace(0.2, 3.0, DIM, dtype=torch.float64)
    return CodeSpace(w + 1.5)


def make_step(seed: int = 0) -> EncryptionStep:
    """Random networks, frozen but for the encryptor."""
    torch.manual_seed(seed)
    frozen = [network().double().eval().requires_grad_(False) for network in (Recogniser, Perceptual, Parser)]
    return EncryptionStep(Encryptor().double(), make_generator(), *frozen, make_code_space())


def make_codes(step: EncryptionStep, batch: int = 3, seed: int = 1) -> list[Tensor]:
    """w and four passwords."""
    rng = torch.Generator().manual_seed(seed)
    shape = (batch, step.generator.num_layers, DIM)
    return [torch.randn(shape, generator=rng, dtype=torch.float64) for _ in range(5)]


def run_step(step: EncryptionStep) -> StepFeatures:
    return step(*make_codes(step))


def gradients(step: EncryptionStep, value: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(value, list(step.encryptor.parameters())))
