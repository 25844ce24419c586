"""What can be known to fail before a run writes anything."""

from pathlib import Path

import torch
from omegaconf import DictConfig

from riddle_pl.config import check_config, instantiate
from riddle_pl.config.check import to_plain
from riddle_pl.errors import CheckpointError, ConfigError, DeviceError
from riddle_pl.files import require_file
from riddle_pl.losses import build_loss
from riddle_pl.packs import Pack, load_pack
from riddle_pl.training.build import build_data
from riddle_pl.training.export import check_export


def check_job(cfg: DictConfig) -> None:
    """Checks the config of one training job: every key, the device, the packs, the data and the checkpoint.

    Raises:
        RiddleError: one line about the first thing that is wrong.
    """
    check_config(cfg)
    for name in ("steps", "batch_size", "val_every"):
        if cfg[name] < 1:
            raise ConfigError(f"{name}={cfg[name]}; expected at least 1")
    check_device(cfg.trainer.get("accelerator", "auto"), cfg.trainer.get("devices", 1))
    loss = build_loss(to_plain(cfg.loss))
    pack: Pack = instantiate(cfg.pack, "pack")
    for role in (*pack.generator_roles, *sorted(loss.needs)):
        if not pack.has(role):
            pack.verify(role)  # says why
    if cfg.start_pack is not None and cfg.start_ckpt is not None:
        raise ConfigError(f"start_pack={cfg.start_pack} and start_ckpt={cfg.start_ckpt}; give one of the two")
    if cfg.start_ckpt is not None:
        require_file(Path(cfg.start_ckpt).expanduser(), "start_ckpt", CheckpointError)
    if cfg.start_pack is not None:
        load_pack(cfg.start_pack).verify(cfg.export_role)
    if cfg.export is not None:
        check_export(cfg.export, pack)
    build_data(cfg, pack)
    if cfg.ckpt_path is not None:
        require_file(cfg.ckpt_path, "ckpt_path", CheckpointError)


def check_device(accelerator: object, devices: object) -> None:
    """Whether the accelerator that was asked for is there.

    Raises:
        DeviceError: no GPU, or fewer than asked for.
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
