"""The LightningModule: draws passwords, runs the step, and computes the loss with the parts of other modules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytorch_lightning as pl
import torch
from jaxtyping import Float, Int
from pytorch_lightning.loggers import WandbLogger
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from riddle_pl.data.base import LatentDataModule
from riddle_pl.data.steps import Batch, step_rng
from riddle_pl.device import hardware_name
from riddle_pl.errors import CheckpointError, one_line
from riddle_pl.losses import RiddleLoss
from riddle_pl.losses.code_space import CodeSpace
from riddle_pl.losses.views import AlignedView, Views
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs.encryptors import EncryptorSpec
from riddle_pl.password import PasswordTokens, random_passwords
from riddle_pl.provenance import made_by
from riddle_pl.training.checkpoint_file import check_callback_paths
from riddle_pl.training.code_figures import code_figures
from riddle_pl.training.equal_layers import GroupwiseEncryptor, OnePerGroup
from riddle_pl.training.frozen import Frozen
from riddle_pl.training.origin import CHECKPOINT_KEY, Origin, check_origin
from riddle_pl.training.resume import check_same_optimizer, optimizer_settings
from riddle_pl.training.stage import PictureStage, Stage
from riddle_pl.training.statistics import STATISTICS_SAMPLES, fit_to_codes
from riddle_pl.training.step import EncryptionStep

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]
MakeScheduler = Callable[[Optimizer], LRScheduler]
Latents = Float[Tensor, "b n d"]
Passwords = tuple[Latents, Latents, Latents, Latents]


@dataclass(frozen=True)
class FrozenNetworks:
    """The pretrained networks of one pack, and the sha256 of each one's file by role."""

    generator: Frozen[FaceGenerator]
    recogniser: Frozen[nn.Module] | None = None
    perceptual: Frozen[nn.Module] | None = None
    parser: Frozen[nn.Module] | None = None
    pack: str = "none"
    sha256: Mapping[str, str] = field(default_factory=dict)


class RiddleModule(pl.LightningModule):
    """Trains a latent encryptor T.

    The checkpoint holds T alone (with its moving average, if there is one), the names and hashes of the frozen
    networks, and the config. Random numbers depend on seed and step only, so that no random state is stored.

    Args:
        encryptor: T(w, w_pwd) -> w*, the only network with trainable weights.
        tokens: how a password becomes w_pwd.
        networks: frozen networks of the pack.
        loss: L_total; the feature networks that its terms need must be among ``networks``.
        make_optimizer: from the trainable parameters.
        make_scheduler: from the optimiser, stepped once per optimiser step; None for a constant rate.
        stage: what validation measures besides the loss.
        views: augmentations for the recogniser in training; validation uses none.
        fit_codes: initialise T's statistics from the training codes; False if weights come from an earlier run.
        seed: of the passwords, of the views and of dropout.
        config: plain data for the checkpoint's hyperparameters.
        spec: encryptor for checkpoints; None for a user-defined class, which cannot be exported.
        overrides: of the command, inherited by a continuation; None if there was no command.

    Source: Li et al., "RiDDLE: Reversible and Diversified De-identification with Latent Encryptor", CVPR 2023.
    """

    def __init__(
        self,
        encryptor: nn.Module,
        tokens: PasswordTokens,
        networks: FrozenNetworks,
        loss: RiddleLoss,
        make_optimizer: MakeOptimizer,
        make_scheduler: MakeScheduler | None = None,
        stage: Stage | None = None,
        views: Views | None = None,
        fit_codes: bool = True,
        seed: int = 0,
        config: Mapping[str, Any] | None = None,
        spec: EncryptorSpec | None = None,
        overrides: Sequence[str] | None = None,
    ):
        super().__init__()
        self.save_hyperparameters({**(config or {}), "made_by": made_by()}, logger=True)
        self.encryptor = encryptor
        self.tokens = tokens
        self.generator = networks.generator
        self.recogniser = networks.recogniser
        self.perceptual = networks.perceptual
        self.parser = networks.parser
        self.pack, self.sha256 = networks.pack, dict(networks.sha256)
        self.loss = loss
        self.stage = stage or PictureStage()
        self.code_space = CodeSpace.of(networks.generator.network)
        self.views = views or AlignedView()
        self.fit_codes = fit_codes
        self.seed = seed
        self.spec = spec
        self.overrides = overrides
        self.optimizer_before: Mapping[str, Any] = {}
        """Optimiser settings of the checkpoint that the run resumed from."""
        self._make_optimizer = make_optimizer
        self._make_scheduler = make_scheduler
        self._step = EncryptionStep(
            encryptor, self.generator, self.recogniser, self.perceptual, self.parser, self.code_space
        )

    def draw_passwords(self, batch: int, rng: torch.Generator) -> Passwords:
        """Four random passwords per face, from ``rng`` alone: two to encrypt, two wrong ones."""
        one, two, wrong1, wrong2 = random_passwords(4 * batch, self.generator.network, self.tokens, rng).chunk(4)
        return one, two, wrong1, wrong2

    def validation_passwords(self, faces: Int[Tensor, "b"]) -> Passwords:
        """Four passwords per face, by its number in the validation set, independent of batching."""
        drawn = [self.draw_passwords(1, step_rng(0, "validation passwords", face)) for face in faces.tolist()]
        one, two, wrong1, wrong2 = (torch.cat(of_faces) for of_faces in zip(*drawn, strict=True))
        return one, two, wrong1, wrong2

    def setup(self, stage: str) -> None:
        """Centres the code terms' space at the training codes; before a fresh run, initialises T's statistics of them.

        If the layers of every code and password are equal, the step uses one token per group of T.
        """
        data: Any = getattr(self.trainer, "datamodule", None)
        if stage != "fit" or not isinstance(data, LatentDataModule):
            return
        encryptor, codes = self.encryptor, data.codes(STATISTICS_SAMPLES)
        compared = codes
        equal = data.equal_layers and self.tokens.count(self.generator.network.num_layers) == 1
        if equal and isinstance(encryptor, GroupwiseEncryptor) and encryptor.equal_tokens_stay_equal:
            self._step.one_per_group = one_per_group = OnePerGroup(encryptor)
            compared = one_per_group.pick(codes)
        self.code_space.centre(compared)
        if self.fit_codes:
            place = next(self.encryptor.parameters()).device  # Lightning has not moved it to self.device yet
            fit_to_codes(self.encryptor, codes.to(place))

    def training_step(self, batch: Batch, batch_idx: int) -> Float[Tensor, ""]:
        w = batch["w"]
        place = (self.global_step, batch_idx % self.trainer.accumulate_grad_batches, self.global_rank)
        torch.manual_seed(step_rng(self.seed, "dropout", *place).initial_seed())
        passwords = self.draw_passwords(len(w), step_rng(self.seed, "passwords", *place))
        views = self.views.draw(len(w), step_rng(self.seed, "views", *place))
        features = self._step(w, *passwords, batch.get("x"), views=views)
        total, terms = self.loss(features)
        loss: Tensor = total
        self.log("loss/total", loss.detach(), prog_bar=True, batch_size=len(w))
        self.log_dict({f"loss/{name}": value for name, value in terms.items()}, batch_size=len(w))
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Uses the same passwords for the same face in every validation; returns the stage's images."""
        w = batch["w"]
        features = self._step(w, *self.validation_passwords(batch["face"]), batch.get("x"), shared=True)
        total, terms = self.loss(features)
        values = {"val/loss/total": total, **{f"val/loss/{name}": value for name, value in terms.items()}}
        figures = self.stage.measure(features) | code_figures(features, self.code_space)
        self.log_dict(values | figures, batch_size=len(w), sync_dist=True)
        return self.stage.pictures(features)

    def configure_optimizers(self) -> Any:
        optimizer = self._make_optimizer(self.encryptor.parameters())
        if self._make_scheduler is None:
            return optimizer
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": self._make_scheduler(optimizer), "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        run = next((str(logger.version) for logger in self.loggers if isinstance(logger, WandbLogger)), "")
        hardware = hardware_name(self.device)
        origin = Origin(self.pack, self.sha256, self.tokens.name, self.spec, self.overrides, made_by(), run, hardware)
        checkpoint[CHECKPOINT_KEY] = origin.to_plain()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuses to continue with other frozen networks or password tokens than the checkpoint's.

        Raises:
            CheckpointError: a hash or the tokens differ, or a callback's state names files outside of the run's folder.
            ConfigError: this run has another optimiser.
        """
        check_callback_paths(checkpoint)
        check_origin(checkpoint, self.pack, self.sha256, self.tokens.name)
        self.optimizer_before = optimizer_settings(checkpoint.get("hyper_parameters"))
        check_same_optimizer(self.optimizer_before, optimizer_settings(self.hparams))

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Strict loading, with a one-line error.

        Raises:
            CheckpointError: missing, unexpected or differently shaped weights.
        """
        try:
            return super().load_state_dict(state_dict, strict=strict, assign=assign)
        except RuntimeError as error:
            name = type(self.encryptor).__name__
            raise CheckpointError(f"the checkpoint does not fit this config's {name}: {one_line(error)}") from error
