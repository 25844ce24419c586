"""Small networks of every architecture with inputs by rule, for the golden values that are in the repository."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from riddle_pl.networks.bisenet import BiSeNet
from riddle_pl.networks.e4e import E4EEncoder
from riddle_pl.networks.encryptors.mlp import MLPEncryptor
from riddle_pl.networks.encryptors.transformer import TransformerEncryptor
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.networks.irse import IRSE, IRSE50
from riddle_pl.networks.mobilefacenet import MobileFaceNet
from riddle_pl.networks.parser_unet import FaceParserUNet
from riddle_pl.networks.stylegan2 import Generator
from tests.fill_rule import fill, normal

GOLDEN = Path(__file__).with_name("golden_small.json")
SHOWN = 12


@dataclass(frozen=True)
class Case:
    """A network that fits in a test, and the shapes of its inputs."""

    build: Callable[[], nn.Module]
    inputs: tuple[tuple[int, ...], ...]
    style_gain: float = field(default=1.0)

    def output(self, name: str, channels_last: bool = False) -> Tensor:
        """The output of the network filled by rule."""
        network = fill(self.build(), self.style_gain)
        inputs = [torch.from_numpy(0.5 * normal(f"{name}.{index}", shape)) for index, shape in enumerate(self.inputs)]
        if channels_last:
            for tensor in [*inputs, *network.parameters()]:
                if tensor.ndim == 4:
                    tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            out: Tensor = network(*inputs)
        return out


class Mapping(nn.Module):
    """A generator's mapping network alone."""

    def __init__(self, generator: Generator):
        super().__init__()
        self.style = generator.style

    def forward(self, z: Tensor) -> Tensor:
        out: Tensor = self.style(z)
        return out


def _generator() -> Generator:
    return Generator(32, {4: 16, 8: 16, 16: 8, 32: 8}, style_dim=32, mapping_layers=4)


_LATENTS = ((2, 10, 32), (2, 10, 32))
_SMALL = {"dim": 32, "heads": 4, "ffn": 64}

CASES: dict[str, Case] = {
    "generator": Case(_generator, ((2, 8, 32),), style_gain=100.0),
    "mapping": Case(lambda: Mapping(_generator()), ((2, 32),), style_gain=100.0),
    "irse": Case(lambda: IRSE((8, 16, 16), (1, 2, 1), 16, 32), ((2, 3, 32, 32),)),
    "mobilefacenet": Case(lambda: MobileFaceNet(16, (32, 16), 0.125), ((2, 3, 32, 16),)),
    "e4e": Case(lambda: E4EEncoder(32, 10, (8, 16, 24, 32), (1, 1, 2, 1), dim=32), ((2, 3, 32, 32),)),
    "parser": Case(lambda: FaceParserUNet(5, (4, 4, 8, 8, 16)), ((2, 3, 32, 32),)),
    "transformer": Case(lambda: TransformerPaperEncryptor(10, **_SMALL), _LATENTS),
    "transformer_linear_position": Case(
        lambda: TransformerPaperEncryptor(10, input_linear=True, position_embedding=True, **_SMALL), _LATENTS
    ),
    "transformer_no_norm": Case(lambda: TransformerPaperEncryptor(10, norm="none", **_SMALL), _LATENTS),
    "mlp": Case(lambda: MLPEncryptor(10, extra_layers=1, dim=32), _LATENTS),
    "residual": Case(lambda: TransformerEncryptor(10, **_SMALL), _LATENTS),
}

PUBLIC: dict[str, Callable[[], nn.Module]] = {
    "generator_64": lambda: Generator(64),
    "generator_256": lambda: Generator(256),
    "generator_1024": lambda: Generator(1024),
    "mapper_transformer__script_flags": lambda: TransformerPaperEncryptor(14),
    "mapper_transformer__test_defaults_linear_posemb": lambda: TransformerPaperEncryptor(
        14, input_linear=True, position_embedding=True
    ),
    "mapper_transformer__normalize_None": lambda: TransformerPaperEncryptor(14, norm="none"),
    "mapper_simple_morefc0": lambda: MLPEncryptor(14),
    "mapper_simple_morefc4": lambda: MLPEncryptor(14, extra_layers=4),
    "ir_se50": IRSE50,
    "e4e_encoder_256": E4EEncoder,
    "e4e_encoder_1024": lambda: E4EEncoder(256, 18),
    "parsenet_unet": FaceParserUNet,
    "bisenet_19": BiSeNet,
}
"""Networks of the public checkpoints at full size, by their name in the reference list of keys."""


def keys_and_shapes(build: Callable[[], nn.Module]) -> dict[str, list[int]]:
    """The state dict's keys and shapes, without allocating the weights."""
    with torch.device("meta"):
        return {key: list(value.shape) for key, value in build().state_dict().items()}


def fingerprint(keys: dict[str, list[int]]) -> str:
    """One line for a whole list of keys and shapes."""
    listing = "\n".join(f"{key} {shape}" for key, shape in sorted(keys.items()))
    return f"{len(keys)} keys, sha256 {hashlib.sha256(listing.encode()).hexdigest()}"


def summary(out: Tensor) -> dict[str, list[float] | list[int] | float]:
    """A few numbers of an output, evenly spread, and its shape and standard deviation."""
    flat = out.double().flatten()
    picked = torch.linspace(0, flat.numel() - 1, SHOWN).long()
    return {"shape": list(out.shape), "std": flat.std().item(), "values": [round(v, 9) for v in flat[picked].tolist()]}
