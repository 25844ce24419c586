"""``riddle-pretrain``: runs one recipe of the lite pack, resuming where a killed run stopped."""

import shlex
import sys
from pathlib import Path

import hydra
import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from pytorch_lightning.loggers import CSVLogger

from riddle_pl.pretraining.callbacks import LastCheckpoint, SampleSheets
from riddle_pl.pretraining.recipe import Recipe


def run(config: DictConfig) -> None:
    """Trains the recipe of ``config`` to its end and exports it if a pack was named."""
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    torch.set_flush_denormal(True)  # vanishing second moments of Adam are many times slower on a CPU otherwise
    pl.seed_everything(config.seed, verbose=False)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    last = out / "last.ckpt"
    recipe: Recipe = hydra.utils.instantiate(config.recipe)
    trainer = pl.Trainer(
        **config.trainer,
        max_epochs=-1,
        logger=CSVLogger(out, name="log", version=0),
        log_every_n_steps=50,
        enable_checkpointing=False,
        callbacks=[LastCheckpoint(last, config.checkpoint_every), SampleSheets(out, config.samples_every)],
        enable_model_summary=False,
        enable_progress_bar=sys.stderr.isatty(),
    )
    if last.exists():
        recipe.load_state_dict(torch.load(last, map_location="cpu", weights_only=True)["state_dict"])
    if not recipe.finished:
        trainer.fit(recipe, ckpt_path=last if last.exists() else None)
    if config.pack is not None:
        recipe.export(Path(config.pack), "riddle-pretrain " + shlex.join(sys.argv[1:]))


@hydra.main(version_base="1.3", config_path="pkg://riddle_pl.conf", config_name="pretrain")
def main(config: DictConfig) -> None:
    run(config)


if __name__ == "__main__":
    main()
