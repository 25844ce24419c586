"""From a composed config to the objects of a run."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from riddle_pl.config import instantiate, instantiate_group
from riddle_pl.config.check import locate, to_plain
from riddle_pl.data.steps import step_rng
from riddle_pl.errors import ConfigError, PackError, RiddleError, one_line
from riddle_pl.losses import RiddleLoss, build_loss
from riddle_pl.losses.features import Role
from riddle_pl.networks.features import on_lpips_scale
from riddle_pl.networks.fuse_batch_norms import fuse_batch_norms
from riddle_pl.packs import Pack
from riddle_pl.packs.encryptors import EncryptorSpec
from riddle_pl.password import PasswordTokens
from riddle_pl.training.finite import FiniteCheck
from riddle_pl.training.frozen import Frozen
from riddle_pl.training.loggers import with_run_id
from riddle_pl.training.module import FrozenNetworks, RiddleModule
from riddle_pl.training.progress import ProfileTable, ProgressLines, StepsBar
from riddle_pl.training.resume import ChangedSettings, OptimizerStateCheck
from riddle_pl.training.stage import Stage
from riddle_pl.training.start import start_encryptor_from, start_encryptor_from_run


class Parts(NamedTuple):
    """Pack, loss and data of a run, shared by its checks and the run; no network or photo has been read yet."""

    pack: Pack
    loss: RiddleLoss
    data: pl.LightningDataModule


def build_parts(cfg: DictConfig) -> Parts:
    """Pack, loss and data of a checked config.

    Raises:
        RiddleError: see :func:`riddle_pl.training.preflight.check_job`.
    """
    pack: Pack = instantiate(cfg.pack, "pack")
    return Parts(pack, build_loss(to_plain(cfg.loss)), build_data(cfg, pack))


def build_module(
    cfg: DictConfig, pack: Pack, overrides: Sequence[str] | None = None, loss: RiddleLoss | None = None
) -> RiddleModule:
    """The module of a run: encryptor with initial weights, frozen networks of the pack, loss.

    Args:
        cfg: composed config of ``conf/train.yaml``.
        pack: provides the frozen networks.
        overrides: of the command, for the checkpoints.
        loss: of the config, if it is built already.

    Raises:
        RiddleError: a config value or a network of the pack is missing or does not fit.
    """
    loss = build_loss(to_plain(cfg.loss)) if loss is None else loss
    stage: Stage = instantiate(cfg.stage, "stage")
    networks = load_networks(pack, loss, stage.roles)
    torch.manual_seed(step_rng(cfg.seed, "encryptor").initial_seed())
    encryptor: nn.Module = instantiate(cfg.encryptor, "encryptor", num_layers=pack.num_layers)
    spec = encryptor_spec(cfg, pack)
    tokens: PasswordTokens = instantiate(cfg.password, "password")
    if not any(weight.requires_grad for weight in encryptor.parameters()):
        raise ConfigError(
            f"encryptor: a {type(encryptor).__name__} has no weights to train; its model of codes is fitted by "
            "`riddle-pretrain recipe=code_model`, which writes it into a pack"
        )
    if cfg.start_pack is not None:
        start_encryptor_from(cfg.start_pack, cfg.export_role, encryptor, tokens)
    if cfg.start_ckpt is not None:
        start_encryptor_from_run(cfg.start_ckpt, pack, encryptor, tokens)
    return RiddleModule(
        encryptor=encryptor,
        tokens=tokens,
        networks=networks,
        loss=loss,
        make_optimizer=lambda params: make_optimizer(cfg, params),
        make_scheduler=make_scheduler(cfg),
        stage=stage,
        views=instantiate(cfg.views, "views"),
        fit_codes=cfg.start_pack is None and cfg.start_ckpt is None,
        seed=cfg.seed,
        config=to_plain(cfg),
        spec=spec,
        overrides=overrides,
    )


def encryptor_spec(cfg: DictConfig, pack: Pack) -> EncryptorSpec | None:
    """The encryptor's specification for checkpoints; None for a user-defined class.

    Raises:
        ConfigError: arguments that a checkpoint cannot hold.
    """
    node = to_plain(cfg.encryptor)
    given = {key: value for key, value in node.items() if not key.startswith("_")}
    try:
        return EncryptorSpec.of(locate(node["_target_"], "encryptor"), {"num_layers": pack.num_layers, **given})
    except PackError as error:
        raise ConfigError(f"encryptor: {error}") from error


def load_networks(pack: Pack, loss: RiddleLoss, validation: Collection[Role] = ()) -> FrozenNetworks:
    """The generator, the feature networks that the loss needs, and those of ``validation`` that the pack has.

    Raises:
        PackError: a network that is needed is missing or damaged.
    """
    roles = {"generator", *loss.needs} | {role for role in validation if pack.has(role)}
    loaded = {role: pack.load(role) for role in sorted(roles)}
    if "recogniser" in loaded:
        loaded["recogniser"] = fuse_batch_norms(loaded["recogniser"])
    if "perceptual" in loaded:
        loaded["perceptual"] = on_lpips_scale(loaded["perceptual"])
    frozen: dict[str, Any] = {role: Frozen(network) for role, network in loaded.items()}
    hashes = {role: pack.expected_sha256(role) or "" for role in sorted({*roles, *pack.generator_roles})}
    return FrozenNetworks(**frozen, pack=pack.name, sha256=hashes)


def build_data(cfg: DictConfig, pack: Pack) -> pl.LightningDataModule:
    """The data module.

    Raises:
        ConfigError: photos for ``riddle-eval``.
        RiddleError: the data are missing or do not fit.
    """
    target = locate(cfg.data._target_, "data")
    if isinstance(target, type) and not issubclass(target, pl.LightningDataModule):
        raise ConfigError(f"data ({cfg.data._target_}) is for riddle-eval; for photos of yours choose data=images")
    data: pl.LightningDataModule = instantiate(cfg.data, "data", pack=pack)
    return data


def build_callbacks(cfg: DictConfig) -> dict[str, pl.Callback]:
    """The callbacks of the config, by name.

    Raises:
        ConfigError: one refuses a value.
    """
    return instantiate_group(cfg, "callbacks")


def build_trainer(
    cfg: DictConfig, run_dir: Path, progress: bool, lines: bool = False, wandb_run: str = ""
) -> pl.Trainer:
    """The trainer with the callbacks and loggers of the config, writing to ``run_dir``.

    Args:
        cfg: composed config of ``conf/train.yaml``.
        run_dir: folder of the run.
        progress: show a progress bar.
        lines: print lines about the progress.
        wandb_run: id of the wandb run to continue.
    """
    callbacks = [*build_callbacks(cfg).values()]
    saves = any(isinstance(callback, pl.callbacks.Checkpoint) for callback in callbacks)
    loggers = [
        instantiate(with_run_id(node, wandb_run), f"logger.{name}", save_dir=str(run_dir))
        for name, node in cfg.logger.items()
        if node is not None
    ]
    for callback in callbacks:
        if isinstance(callback, pl.callbacks.ModelCheckpoint) and callback.dirpath is None:
            callback.dirpath = str(run_dir / "checkpoints")
    if not loggers:
        callbacks = [c for c in callbacks if not isinstance(c, pl.callbacks.LearningRateMonitor)]
    callbacks = [FiniteCheck(), *callbacks, OptimizerStateCheck(), ChangedSettings(), ProgressLines(lines)]
    if cfg.trainer.get("profiler") is not None:
        callbacks.append(ProfileTable())
    if progress:
        callbacks.append(StepsBar())
    between = cfg.trainer.get("val_check_interval")
    if isinstance(between, int):  # the config counts optimiser steps, Lightning batches
        between *= cfg.trainer.get("accumulate_grad_batches", 1)
    trainer: pl.Trainer = instantiate(
        cfg.trainer,
        "trainer",
        val_check_interval=between,
        callbacks=callbacks,
        logger=loggers or False,
        default_root_dir=str(run_dir),
        enable_checkpointing=saves,  # or Lightning adds a ModelCheckpoint of its own
        enable_progress_bar=progress,
    )
    return trainer


def make_optimizer(cfg: DictConfig, params: Any) -> Optimizer:
    """The optimiser of the config.

    Raises:
        ConfigError: it refuses a value.
    """
    try:
        optimizer: Optimizer = instantiate(cfg.optimizer, "optimizer", params=params)
    except RiddleError:
        raise
    except Exception as error:  # pytorch_optimizer has errors of its own
        raise ConfigError(f"optimizer: {one_line(error)}") from error
    return optimizer


def make_scheduler(cfg: DictConfig) -> Callable[[Optimizer], LRScheduler] | None:
    """Factory of the learning-rate schedule; None for a constant rate."""
    if OmegaConf.is_missing(cfg, "scheduler") or not cfg.scheduler:
        return None

    def make(optimizer: Optimizer) -> LRScheduler:
        scheduler: LRScheduler = instantiate(cfg.scheduler, "scheduler", optimizer=optimizer)
        return scheduler

    return make
