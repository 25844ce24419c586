"""Recipe of the Gaussian code model of a pack's generator, and of an encoder to its coordinates."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.data.face_set import FaceSet, recipe_rng, to_float
from riddle_pl.errors import ConfigError
from riddle_pl.losses.perceptual import perceptual_distance
from riddle_pl.networks.code_encoder import CodeEncoder
from riddle_pl.networks.code_model import GaussianCodeModel
from riddle_pl.networks.fuse_batch_norms import fuse_batch_norms
from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.networks.stylegan2 import EqualizedLinear
from riddle_pl.packs.registry import load_pack
from riddle_pl.pretraining.average import Averaged
from riddle_pl.pretraining.identity_terms import identity_loss, public_recogniser
from riddle_pl.pretraining.optimiser import adam_with_warm_up
from riddle_pl.pretraining.recipe import PackRole, Recipe
from riddle_pl.pretraining.sheet import spread, stacked_rows

DRAWN_BATCH = 20
EVALUATION_BATCH = 16
SIZE = 128
"""Side in pixels of the pictures that are compared."""


class CodeEncoderRecipe(Recipe):
    """Initialises from another encoder, then trains.

    The last layer is initialised by ridge regression: generated faces are passed through the other encoder's trunk and
    the pack's recogniser, and their known coordinates are regressed on these features. For an encoder of this recipe,
    the residual is regressed. Then Adam minimises a reconstruction loss on photos and a coordinate loss on generated
    faces.

    Args:
        faces: training images of 128 px.
        held_out: images of the same archives that are never trained on.
        pack: folder of the pack whose generator, recogniser and perceptual features are used.
        start_pack: pack of the initial encoder, a ``lite_encoder`` or a ``code_encoder``.
        groups, rank: of the code model.
        drawn: generated faces for the regression.
        ridge: strength of its penalty, in equivalent faces.
        batch: photos per step.
        generated: generated faces per step.
        teacher: checkpoint of a public MobileFaceNet as a second recogniser of the identity term; or null.
        learning_rate: of Adam, with cosine decay to zero.
        pixel: weight of the mean absolute difference of photo and inversion.
        features: weight of their squared distance in the pack's perceptual features.
        identity: weight of 1 - cosine by the recognisers.
        latent: weight of the mean squared error in coordinates of generated faces.
        prior: weight of the code model's energy of a photo's coordinates, per coordinate of W.

    Raises:
        ConfigError: the initial encoder has another architecture.
    """

    roles = ("encoder", "code_model")

    def __init__(
        self,
        faces: FaceSet,
        held_out: FaceSet,
        pack: str,
        start_pack: str,
        groups: Sequence[int],
        rank: int,
        drawn: int,
        ridge: float,
        batch: int,
        generated: int,
        steps: int,
        seed: int,
        teacher: str | None = None,
        learning_rate: float = 3e-4,
        pixel: float = 1.0,
        features: float = 0.15,
        identity: float = 1.0,
        latent: float = 0.1,
        prior: float = 0.05,
    ):
        super().__init__(seed, steps)
        opened, start = load_pack(pack, size=SIZE), load_pack(start_pack)
        first = start.load("encoder")
        if not isinstance(first, LiteEncoder | CodeEncoder):
            raise ConfigError(
                f"recipe.start_pack={start_pack} has a {type(first).__name__}; expected a LiteEncoder or a CodeEncoder"
            )
        self.faces, self.held_out = faces, held_out
        self.batch, self.generated, self.learning_rate = batch, generated, learning_rate
        self.weights = {
            "pixel": pixel,
            "features": features,
            "identity": identity,
            "latent": latent,
            "prior": prior,
        }
        self.groups, self.rank = tuple(groups), rank
        channels = {int(side): int(width) for side, width in start.entry("encoder").args["channels"].items()}
        hidden = _readings(first)[0].weight.shape[0]
        recogniser = opened.load("recogniser")
        embedding = recogniser(torch.zeros(1, 3, SIZE, SIZE)).shape[1]
        self.encoder = CodeEncoder(first.size, channels, self.groups, rank, hidden, recogniser, embedding)
        self.args = {
            "size": first.size,
            "channels": {str(side): width for side, width in channels.items()},
            "groups": list(groups),
            "rank": rank,
            "hidden": hidden,
            "recogniser": opened.entry("recogniser").args,
            "embedding": embedding,
        }
        # in tuples, so that frozen networks are not part of the checkpoint
        judges = [fuse_batch_norms(recogniser)]
        judges += [] if teacher is None else [public_recogniser(Path(teacher))]
        self._frozen = (opened.generator(), opened.load("perceptual"))
        self._judges = tuple(judges)
        self.encoder.codes.fit(self._frozen[0])
        self._take_over(first)
        self._fit_last_layer(drawn, ridge)
        self.average = Averaged(self.encoder, half_life=500.0)

    @torch.no_grad()
    def _take_over(self, first: LiteEncoder | CodeEncoder) -> None:
        """Copies the trunk and feature layers; and the last layer if the coordinates are the same."""
        self.encoder.from_rgb.load_state_dict(first.from_rgb.state_dict())
        self.encoder.blocks.load_state_dict(first.blocks.state_dict())
        for read, known in zip(self.encoder.read, _readings(first), strict=True):
            read.load_state_dict(known.state_dict())
        nn.init.zeros_(self.encoder.write.weight)
        nn.init.zeros_(self.encoder.write.bias)
        if isinstance(first, CodeEncoder):
            if first.codes.groups != self.encoder.codes.groups or first.codes.size != self.encoder.codes.size:
                raise ConfigError("recipe.groups and recipe.rank are not those of recipe.start_pack's encoder")
            self.encoder.write.weight[:, : first.write.in_features] = first.write.weight
            self.encoder.write.bias.copy_(first.write.bias)

    @torch.no_grad()
    def _fit_last_layer(self, drawn: int, ridge: float) -> None:
        """Ridge regression of the residual coordinates of generated faces on their features."""
        rng = torch.Generator().manual_seed(self.seed)
        codes, readings = [], []
        for _ in range(drawn // DRAWN_BATCH):
            v, x = self._people(DRAWN_BATCH, rng)
            codes.append(v)
            readings.append(self.encoder.features(x))
        seen = torch.cat(readings)
        v, seen = (torch.cat(codes) - self.encoder.write(seen)).double(), seen.double()
        centre, mean = seen.mean(dim=0), v.mean(dim=0)
        centred = seen - centre
        scale = centred.square().mean()
        gram = centred.T @ centred + ridge * scale * torch.eye(seen.shape[1], dtype=torch.double)
        weight = torch.linalg.solve(gram, centred.T @ (v - mean)).T
        self.encoder.write.weight.add_(weight)
        self.encoder.write.bias.add_(mean - weight @ centre)

    @torch.no_grad()
    def _people(self, count: int, rng: torch.Generator) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b 3 h h"]]:
        """Coordinates and images sampled from the code model with truncation."""
        model: GaussianCodeModel = self.encoder.codes
        strength = torch.empty(count, 1).uniform_(0.6, 1.0, generator=rng)
        v = strength * torch.randn(count, model.size, generator=rng)
        return v, self._frozen[0](model.decode(v)).clamp(-1, 1)

    def configure_optimizers(self) -> tuple[list[torch.optim.Optimizer], list[torch.optim.lr_scheduler.LRScheduler]]:
        return adam_with_warm_up(self.encoder, self.learning_rate, self.steps)

    def training_step(self, batch: int, batch_idx: int) -> Tensor:
        step = self.next_step()
        generator, perceptual = self._frozen
        model = self.encoder.codes
        photos = self.faces.batch(self.batch, self.seed, step).contiguous()
        known, people = self._people(self.generated, recipe_rng(self.seed, step))
        v = self.encoder.coordinates(torch.cat([photos, people]))
        redrawn = generator(model.decode(v[: self.batch]))
        with torch.no_grad():
            seen = perceptual(photos)
        terms = {
            "pixel": F.l1_loss(redrawn, photos),
            "features": perceptual_distance(seen, perceptual(redrawn)).mean(),
            "identity": torch.stack([identity_loss(judge, redrawn, photos) for judge in self._judges]).mean(),
            "latent": F.mse_loss(v[self.batch :], known),
            "prior": (model.energy(v[: self.batch]) / model.dim).mean(),
        }
        self.log_dict({f"loss/{name}": value for name, value in terms.items()}, prog_bar=True)
        return torch.stack([self.weights[name] * value for name, value in terms.items()]).sum()

    def on_train_batch_end(self, outputs: object, batch: object, batch_idx: int) -> None:
        super().on_train_batch_end(outputs, batch, batch_idx)
        self.average.update(self.encoder, self.batch)

    @torch.no_grad()
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """Held-out faces, each row above its inversions."""
        photos = to_float(self.held_out.images[spread(len(self.held_out), 32)])
        return stacked_rows(photos, self._redrawn(photos))

    def _redrawn(self, photos: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        parts = photos.split(EVALUATION_BATCH)
        return torch.cat([self._frozen[0](self.average.module(part)).clamp(-1, 1) for part in parts])

    @torch.no_grad()
    def figures(self) -> Mapping[str, float]:
        photos = to_float(self.held_out.images[spread(len(self.held_out), 200)])
        redrawn = self._redrawn(photos)
        errors = (redrawn - photos).square().mean(dim=(1, 2, 3)) / 4
        judge = self._judges[0]
        v = torch.cat([self.average.module.coordinates(part) for part in photos.split(EVALUATION_BATCH)])
        people, pictures = self._people(100, torch.Generator().manual_seed(self.seed + 1))
        found = self.average.module.coordinates(pictures)
        base = slice(0, self.encoder.codes.dim)
        name = f"{len(photos)} held-out images"
        return {
            f"PSNR of inversions in dB, {name}": float(-10 * errors.log10().mean()),
            f"cosine of photo and inversion by the pack's own recogniser, {name}": float(
                (judge(redrawn) * judge(photos)).sum(dim=1).mean()
            ),
            f"|v|²/512 of the W code (drawn people: 1), {name}": float(v[:, base].square().mean()),
            "R² of the W coordinates of 100 drawn people": float(
                1 - (found - people)[:, base].square().mean() / people[:, base].square().mean()
            ),
        }

    def pack_roles(self) -> list[PackRole]:
        description = f"""
Inversion encoder: aligned faces, averaged down to {self.encoder.size} px, to the coordinates of this pack's code model
and through it to W+. Trained on {len(self.faces):,} real and synthetic faces (All-Age-Faces, CelebA, synthetic people;
LFW is not among them) and on drawn people; its first layers come from the lite pack's encoder. Beside its own
trunk it reads the embedding of this pack's recogniser, which is part of it.

An inversion has the photo's pose, age, sex, expression and light; identity is only partly kept: see the figures.
`invert=refine` and `invert=optimise` go on from its code.
"""
        model = f"""
Coordinates of W+ codes: the axes of W's Gaussian, from 50,000 mapped codes of a fixed seed, and offsets of rank
{self.rank} for {len(self.groups)} groups of layers (sizes
{", ".join(str(size) for size in self.groups)}; the first has none). Nothing is trained: it follows from
the generator. Inversion works inside of it.
"""
        return [
            PackRole("encoder", self.average.module, "code_encoder", self.args, description),
            PackRole(
                "code_model",
                self.encoder.codes,
                "code_model",
                {"groups": list(self.groups), "rank": self.rank},
                model,
                dtype=torch.float32,
            ),
        ]


def _readings(encoder: LiteEncoder | CodeEncoder) -> list[EqualizedLinear]:
    """The feature layers of the maps of 4, 4, 8 and 16 pixels."""
    if isinstance(encoder, LiteEncoder):
        return [head.read for head in (encoder.base, encoder.coarse, encoder.middle, encoder.fine)]
    return [read for read in encoder.read if isinstance(read, EqualizedLinear)]
