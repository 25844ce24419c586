"""Checks before a run writes anything."""

from pathlib import Path

import torch
from omegaconf import DictConfig
from torch import nn

from riddle_pl.config import check_config, instantiate
from riddle_pl.config.check import to_plain
from riddle_pl.errors import CheckpointError, ConfigError, DeviceError, RiddleError, one_line
from riddle_pl.files import require_file
from riddle_pl.packs import load_pack
from riddle_pl.password import KeyStream, PasswordTokens
from riddle_pl.training.build import (
    Parts,
    build_callbacks,
    build_parts,
    encryptor_spec,
    make_optimizer,
    make_scheduler,
)
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.export import check_export
from riddle_pl.training.loggers import check_wandb_key
from riddle_pl.training.quiet import quiet_lightning
from riddle_pl.training.stage import Stage
from riddle_pl.training.trainer_keys import check_trainer_keys
from riddle_pl.training.watched import check_watched


def check_job(cfg: DictConfig) -> Parts:
    """Checks the config of one training job: every key, the device, the packs, the data and the checkpoint.

    Returns:
        What was built for the checks.

    Raises:
        RiddleError: one line about the first thing that is wrong.
    """
    check_config(cfg)
    check_trainer_keys(cfg)
    check_device(cfg.trainer.get("accelerator", "auto"), cfg.trainer.get("devices", 1))
    for name, node in to_plain(cfg)["logger"].items():
        if node is not None:
            check_wandb_key(node, f"logger.{name}")
    parts = build_parts(cfg)
    pack = parts.pack
    if (processes := _processes(cfg)) is not None:
        parts.loss.check_batch(cfg.batch_size * processes)
    pack.require("generator", *sorted(parts.loss.needs))
    if cfg.start_pack is not None and cfg.start_ckpt is not None:
        raise ConfigError(f"start_pack={cfg.start_pack} and start_ckpt={cfg.start_ckpt}; give one of the two")
    if cfg.start_ckpt is not None:
        require_file(Path(cfg.start_ckpt).expanduser(), "start_ckpt", CheckpointError)
    if cfg.start_pack is not None:
        load_pack(cfg.start_pack).verify(cfg.export_role)
    if cfg.export is not None:
        check_export(cfg.export, pack, cfg.export_role, cfg.export_overwrite)
        if cfg.callbacks.get("last") is None or cfg.trainer.get("fast_dev_run"):
            raise ConfigError(
                f"export={cfg.export}: this run keeps no checkpoint, and that is what is exported; leave out "
                "callbacks.last=null (or callbacks=none) and trainer.fast_dev_run"
            )
        if encryptor_spec(cfg, pack) is None:
            raise ConfigError(
                f"export={cfg.export}: {cfg.encryptor._target_} is a class of your own, and packs hold riddle-pl's "
                "architectures; leave out export, or choose an encryptor= of conf/encryptor"
            )
    check_parts(cfg, parts)
    if cfg.ckpt_path is not None:
        _check_steps_left(cfg)
    return parts


def _check_steps_left(cfg: DictConfig) -> None:
    """Makes sure that something is left to do for a run that goes on: steps, or an export.

    Raises:
        CheckpointError: no such checkpoint, or an unreadable one.
        ConfigError: it has all steps already.
    """
    require_file(cfg.ckpt_path, "ckpt_path", CheckpointError)
    done = load_checkpoint(cfg.ckpt_path)["global_step"]
    if done >= cfg.steps and cfg.export is None and not cfg.trainer.get("fast_dev_run"):
        raise ConfigError(
            f"steps={cfg.steps}: {cfg.ckpt_path} has {done} already, and nothing would be trained; give more steps=, "
            "or export= a pack to export it to"
        )


def check_parts(cfg: DictConfig, parts: Parts) -> None:
    """Builds the encryptor, the tokens, optimiser and schedule for a dummy parameter, the callbacks, and a trainer.

    Raises:
        ConfigError: values that torch or Lightning refuse, or that Lightning would ignore; or tokens of an encryptor
            that is not trained here.
    """
    instantiate(cfg.encryptor, "encryptor", num_layers=parts.pack.num_layers)
    tokens: PasswordTokens = instantiate(cfg.password, "password")
    if isinstance(tokens, KeyStream):
        raise ConfigError(
            "password=key_stream is the pad of encryptor=padded, which riddle-train does not train; choose per_layer "
            "or single_token"
        )
    optimizer = make_optimizer(cfg, [nn.Parameter(torch.zeros(1))])
    if (make := make_scheduler(cfg)) is not None:
        make(optimizer)
    clip = cfg.trainer.get("gradient_clip_val")
    if clip is not None and not clip >= 0:
        raise ConfigError(f"trainer.gradient_clip_val={clip}; expected a norm of at least 0, or null for no clipping")
    callbacks = build_callbacks(cfg)
    stage: Stage = instantiate(cfg.stage, "stage")
    check_watched(cfg, parts.loss, stage, parts.pack, callbacks)
    quiet_lightning()
    try:
        instantiate(cfg.trainer, "trainer", callbacks=[*callbacks.values()], logger=False, enable_progress_bar=False)
    except RiddleError:
        raise
    except Exception as error:  # each accelerator, strategy and plug-in has errors of its own
        raise ConfigError(f"trainer: {one_line(error)}") from error


def _processes(cfg: DictConfig) -> int | None:
    """Number of processes of the run; None if it depends on the machine."""
    devices = cfg.trainer.get("devices", "auto")
    return devices * cfg.trainer.get("num_nodes", 1) if isinstance(devices, int) and devices > 0 else None


def check_device(accelerator: object, devices: object) -> None:
    """Checks that the requested accelerator is available.

    Raises:
        DeviceError: no GPU, or fewer than requested.
    """
    if accelerator not in ("gpu", "cuda"):
        return
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        raise DeviceError(
            f"trainer.accelerator={accelerator}, but no GPU is usable here; use trainer=cpu or trainer=auto"
        )
    if isinstance(devices, int) and devices > count:
        raise DeviceError(f"trainer.devices={devices}, but this machine has {count}; use trainer.devices={count}")
