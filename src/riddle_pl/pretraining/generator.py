"""Recipe of the pack's generator: StyleGAN2 with DiffAugment, lazy R1 and path-length regularisation, EMA."""

import math
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import CheckpointError
from riddle_pl.files import require_file
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.pretraining.augment import augment
from riddle_pl.pretraining.discriminator import Discriminator
from riddle_pl.pretraining.faces import FaceSet
from riddle_pl.pretraining.recipe import Averaged, Recipe

SAMPLE_COUNT = 64


class GeneratorRecipe(Recipe):
    """StyleGAN2 on aligned faces (Karras et al., CVPR 2020; Zhao et al., NeurIPS 2020 for the augmentation).

    Args:
        faces: training images, of the generator's size.
        size: side in pixels.
        channels: feature maps per resolution, of both networks.
        batch: images per step.
        learning_rate: of Adam, both networks.
        r1: weight of the R1 penalty; for small sizes about 2e-4 size² / batch (StyleGAN2-ADA).
        r1_every: steps between two R1 penalties.
        path_length: weight of the path-length penalty.
        path_length_every: steps between two of them.
        style_mixing: probability that an image mixes two W codes.
        warm_start: checkpoint of this recipe at half the size, whose networks are the core of these; or null.
    """

    def __init__(
        self,
        faces: FaceSet,
        size: int,
        channels: Mapping[int, int],
        batch: int,
        steps: int,
        seed: int,
        learning_rate: float = 2.5e-3,
        r1: float = 0.1,
        r1_every: int = 16,
        path_length: float = 2.0,
        path_length_every: int = 8,
        style_mixing: float = 0.9,
        warm_start: str | None = None,
    ):
        super().__init__(seed, steps)
        self.automatic_optimization = False
        self.faces = faces
        self.batch = batch
        self.learning_rate = learning_rate
        self.r1 = r1
        self.r1_every = r1_every
        self.path_length = path_length
        self.path_length_every = path_length_every
        self.style_mixing = style_mixing
        self.generator = Generator(size, channels)
        self.discriminator = Discriminator(size, channels)
        if warm_start is not None:
            self._grow_from(Path(warm_start))
        self.average = Averaged(self.generator)
        self.register_buffer("path_mean", torch.zeros(()))
        self.register_buffer(
            "sample_z", torch.randn(SAMPLE_COUNT, 512, generator=torch.Generator().manual_seed(seed + 1))
        )

    path_mean: Tensor
    sample_z: Tensor

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        # Lazy regularisation scales learning rate and betas (StyleGAN2, appendix B).
        optimizers: list[torch.optim.Optimizer] = []
        for network, every in ((self.generator, self.path_length_every), (self.discriminator, self.r1_every)):
            ratio = every / (every + 1)
            optimizers.append(
                torch.optim.Adam(network.parameters(), lr=self.learning_rate * ratio, betas=(0.0, 0.99**ratio))
            )
        return optimizers

    def training_step(self, batch: int, batch_idx: int) -> None:
        step = self.next_step()
        optimizer_g, optimizer_d = self.optimizers()  # type: ignore[misc, attr-defined]  # Lightning's union type
        real = self.faces.batch(self.batch, self.seed, step).to(self.device, memory_format=torch.channels_last)

        self.discriminator.requires_grad_(True)
        loss_d = self._discriminator_loss(real)
        optimizer_d.zero_grad()
        self.manual_backward(loss_d)
        optimizer_d.step()
        if step % self.r1_every == 0:
            optimizer_d.zero_grad()
            self.manual_backward(self.r1_every * self._r1_penalty(real))
            optimizer_d.step()

        self.discriminator.requires_grad_(False)
        loss_g = F.softplus(-self.discriminator(augment(self._fake(self.batch)))).mean()
        optimizer_g.zero_grad()
        self.manual_backward(loss_g)
        optimizer_g.step()
        if step % self.path_length_every == 0:
            optimizer_g.zero_grad()
            self.manual_backward(self.path_length_every * self._path_length_penalty(self.batch // 2))
            optimizer_g.step()
        self.average.update(self.generator, self.batch)
        self.log_dict({"loss/generator": loss_g, "loss/discriminator": loss_d}, prog_bar=True)
        self.log("kimg", (step + 1) * self.batch / 1000, prog_bar=True)

    def _codes(self, batch: int) -> Float[Tensor, "b n 512"]:
        """W+ codes of random images; some mix the coarse layers of one code with the fine layers of another."""
        first, second = self.generator.mapping(torch.randn(2 * batch, 512, device=self.device)).chunk(2)
        layers = self.generator.num_layers
        crossover = torch.randint(1, layers, (batch, 1), device=self.device)
        crossover[torch.rand(batch, 1, device=self.device) >= self.style_mixing] = layers
        from_second = torch.arange(layers, device=self.device)[None] >= crossover
        return torch.where(from_second[:, :, None], second[:, None], first[:, None])

    def _fake(self, batch: int) -> Float[Tensor, "b 3 h w"]:
        image: Tensor = self.generator(self._codes(batch), random_noise=True)
        return image

    def _discriminator_loss(self, real: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
        with torch.no_grad():
            fake = self._fake(len(real))
        scores = self.discriminator(augment(torch.cat([fake.to(real.dtype), real])))
        score_fake, score_real = scores.float().chunk(2)
        return F.softplus(score_fake).mean() + F.softplus(-score_real).mean()

    def _r1_penalty(self, real: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
        real = real.detach().requires_grad_(True)
        scores = self.discriminator(augment(real))
        (gradient,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
        return 0.5 * self.r1 * gradient.float().square().sum(dim=(1, 2, 3)).mean()

    def _path_length_penalty(self, batch: int) -> Float[Tensor, ""]:
        w = self._codes(batch)
        image = self.generator(w, random_noise=True).float()
        noise = torch.randn_like(image) / math.sqrt(image.shape[2] * image.shape[3])
        (gradient,) = torch.autograd.grad((image * noise).sum(), w, create_graph=True)
        lengths = gradient.float().square().sum(dim=2).mean(dim=1).sqrt()
        self.path_mean.lerp_(lengths.detach().mean(), 0.01)
        return self.path_length * (lengths - self.path_mean).square().mean()

    def _grow_from(self, path: Path) -> None:
        """Takes the weights of a run at half the size: all of them but the discriminator's entrance."""
        require_file(path, "checkpoint to grow from")
        state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
        smaller = {key.removeprefix("average.module."): v for key, v in state.items() if key.startswith("average.module.")}
        own = self.generator.state_dict()
        if wrong := [key for key, value in smaller.items() if key not in own or own[key].shape != value.shape]:
            raise CheckpointError(f"{path} is no smaller version of this generator: {wrong[0]} differs")
        self.generator.load_state_dict(own | smaller)
        own = self.discriminator.state_dict()
        for key, value in state.items():
            name = key.removeprefix("discriminator.")
            if name == key or name.startswith("from_rgb"):
                continue
            if name.startswith("blocks."):
                _, index, rest = name.split(".", 2)
                name = f"blocks.{int(index) + 1}.{rest}"
            own[name] = value
        self.discriminator.load_state_dict(own)

    @torch.no_grad()
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        network = self.average.module
        mean = network.mean_w()
        w = mean + 0.8 * (network.mapping(self.sample_z) - mean)
        image: Tensor = network(network.broadcast(w))
        return image

    def export(self, pack_folder: Path, command: str) -> None:
        from riddle_pl.pretraining.export import export_generator

        export_generator(self, pack_folder, command)
