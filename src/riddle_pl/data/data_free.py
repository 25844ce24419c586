"""Data-free training: codes are sampled from the pack's generator."""

import copy

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.data import Dataset

from riddle_pl.data.base import LatentDataModule
from riddle_pl.data.steps import Batch, step_rng
from riddle_pl.errors import DataError
from riddle_pl.networks.code_model import GaussianCodeModel
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs.pack import CODE_MODEL, Pack

VALIDATION_SEED = 0
"""Of the validation faces, for every run."""


class LatentSampler:
    """Samples W+ codes on the CPU: w = f(z), z ~ N(0, I).

    Args:
        generator: the pack's generator; its mapping network is copied.
        truncation: psi in (0, 1] of the truncation trick; 1: none.
        code_model: of the pack, for codes whose layers differ as those of photos do; None: equal layers.
        offsets: largest standard deviation of the offsets between groups of layers, in the code model's coordinates;
            sampled uniformly from 0 to it for each code.
    """

    def __init__(
        self,
        generator: FaceGenerator,
        truncation: float = 1.0,
        code_model: GaussianCodeModel | None = None,
        offsets: float = 0.0,
    ):
        self.mapping: nn.Module = copy.deepcopy(generator.style).cpu().eval().requires_grad_(False)
        self.num_layers = generator.num_layers
        self.dim = generator.style_dim
        self.truncation = truncation
        self.mean = generator.mean_w().cpu() if truncation < 1.0 else None
        self.code_model = code_model
        self.offsets = offsets

    def __call__(self, count: int, rng: torch.Generator, style_mixing: float = 0.0) -> Float[Tensor, "b n d"]:
        """Samples ``count`` codes; deterministic given ``rng``.

        Args:
            count: how many.
            rng: a CPU generator.
            style_mixing: probability in [0, 1] of style mixing (Karras et al., CVPR 2019, section 3.1).
        """
        w = self._codes(count, rng)[:, None].expand(-1, self.num_layers, -1)
        if style_mixing:
            other = self._codes(count, rng)[:, None]
            mixed = torch.rand(count, generator=rng) < style_mixing
            first = torch.randint(1, self.num_layers, (count,), generator=rng)
            layers = torch.arange(self.num_layers)
            w = torch.where((mixed[:, None] & (layers >= first[:, None]))[..., None], other, w)
        if self.code_model is not None:
            v = torch.randn(count, self.code_model.size, generator=rng)
            v[:, : self.dim] = 0.0
            v *= self.offsets * torch.rand(count, 1, generator=rng)
            w = w + self.code_model.decode(v) - self.code_model.mean
        return w.contiguous()

    @torch.no_grad()
    def _codes(self, count: int, rng: torch.Generator) -> Float[Tensor, "b d"]:
        w: Tensor = self.mapping(torch.randn(count, self.dim, generator=rng))
        return w if self.mean is None else torch.lerp(self.mean, w, self.truncation)


class _Stream(Dataset[Batch]):
    """Batch k of a rank is drawn from a generator seeded by (seed, k, rank)."""

    def __init__(self, sampler: LatentSampler, style_mixing: float, batch_size: int, seed: int, rank: int):
        self.sampler = sampler
        self.style_mixing = style_mixing
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank

    def __getitem__(self, step: int) -> Batch:
        rng = step_rng(self.seed, "latents", step, self.rank)
        return {"w": self.sampler(self.batch_size, rng, self.style_mixing)}


class _Fixed(Dataset[Batch]):
    """A tensor of codes, in slices."""

    def __init__(self, w: Float[Tensor, "k n d"], batch_size: int):
        self.slices = torch.split(w, batch_size)
        self.faces = torch.arange(len(w)).split(batch_size)

    def __len__(self) -> int:
        return len(self.slices)

    def __getitem__(self, index: int) -> Batch:
        return {"w": self.slices[index], "face": self.faces[index]}


class DataFreeDataModule(LatentDataModule):
    """Random codes of the pack's generator, new ones in every step; a fixed set for validation.

    Args:
        pack: its ``generator`` is used.
        batch_size: faces per step and device.
        seed: of the training stream.
        steps_per_epoch: length of what Lightning calls an epoch; the stream never repeats.
        truncation: psi in (0, 1], for training and validation.
        style_mixing: probability of style mixing, in training only.
        offsets: spread between the layers of a code, see :class:`LatentSampler`; about 1 for inverted photos, 0 for W
            codes. Needs a code model in the pack.
        val_samples: validation faces.
        num_workers: sampling processes; 0 is fastest, since mapping networks are small.

    Raises:
        DataError: a value is out of range.
    """

    def __init__(
        self,
        pack: Pack,
        batch_size: int = 4,
        seed: int = 0,
        steps_per_epoch: int = 1000,
        truncation: float = 1.0,
        style_mixing: float = 0.0,
        offsets: float = 0.0,
        val_samples: int = 16,
        num_workers: int = 0,
    ):
        super().__init__(batch_size, seed, num_workers)
        if not 0.0 < truncation <= 1.0:
            raise DataError(f"data.truncation={truncation} is out of range; give a psi above 0 and at most 1")
        if not 0.0 <= style_mixing <= 1.0:
            raise DataError(f"data.style_mixing={style_mixing} is out of range; give a probability from 0 to 1")
        if offsets < 0.0:
            raise DataError(f"data.offsets={offsets} is negative; give a standard deviation, or 0 for equal layers")
        if offsets and CODE_MODEL not in pack.roles:
            raise DataError(f"data.offsets={offsets}: pack {pack.name} has no code model to draw them from; give 0")
        if min(steps_per_epoch, val_samples) < 1:
            raise DataError(
                f"data.steps_per_epoch={steps_per_epoch}, data.val_samples={val_samples}: give at least 1 of each"
            )
        self.pack = pack
        self.steps_per_epoch = steps_per_epoch
        self.truncation = truncation
        self.style_mixing = style_mixing
        self.offsets = offsets
        self.val_samples = val_samples
        self._sampler: LatentSampler | None = None

    @property
    def equal_layers(self) -> bool:
        """W codes have equal layers."""
        return not (self.style_mixing or self.offsets)

    def setup(self, stage: str | None = None) -> None:
        """Loads the pack's mapping network, once."""
        self._draw()

    def train_batches(self, rank: int, world_size: int) -> tuple[Dataset[Batch], int]:
        return _Stream(self._draw(), self.style_mixing, self.batch_size, self.seed, rank), self.steps_per_epoch

    def val_batches(self) -> Dataset[Batch]:
        w = self._draw()(self.val_samples, step_rng(VALIDATION_SEED, "validation latents"))
        return _Fixed(w, self.batch_size)

    def codes(self, count: int) -> Float[Tensor, "b n d"]:
        return self._draw()(count, step_rng(VALIDATION_SEED, "statistics"))

    def _draw(self) -> LatentSampler:
        if self._sampler is None:
            model = self.pack.load_as(CODE_MODEL, GaussianCodeModel) if self.offsets else None
            self._sampler = LatentSampler(self.pack.generator(), self.truncation, model, self.offsets)
        return self._sampler
