"""Base of the recipes: a Lightning module that draws its own batches and exports to a pack."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from riddle_pl.data.face_set import recipe_seed
from riddle_pl.device import hardware_name
from riddle_pl.errors import CheckpointError, shown
from riddle_pl.packs.manifest import require_free_role, require_pack_for_export
from riddle_pl.packs.write import write_pack_entry

HARDWARE_KEY, STEPS_KEY = "hardware", "recipe_steps"
"""Entries of a recipe's checkpoint."""
REMEDY = "give export= another pack, or export_overwrite=true to write over it"


class _Steps(Dataset[int]):
    """The numbers of the steps; a recipe draws the data of a step from its seed and that number."""

    def __init__(self, steps: int):
        self.steps = steps

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < self.steps:
            raise IndexError(index)
        return index


@dataclass(frozen=True)
class PackRole:
    """What a recipe writes into a pack.

    Attributes:
        role: generator, recogniser, ...
        network: with the weights to keep.
        arch: its name among the pack architectures.
        args: JSON arguments that build it.
        description: for the model card: purpose, training data, limits (Markdown).
        dtype: that the weights are stored as.
        tokens: of an encryptor: its password tokens.
    """

    role: str
    network: nn.Module
    arch: str
    args: Mapping[str, Any]
    description: str
    dtype: torch.dtype = torch.float16
    tokens: str | None = None


class Recipe(pl.LightningModule, ABC):
    """Training of one network of a pack, its samples, and its export.

    Random numbers of a step depend on seed and step only, so that a resumed run equals an uninterrupted one.

    Args:
        seed: of data and initial weights.
        steps: length of the run in optimisation steps.

    Attributes:
        roles: of the networks that it writes into a pack.
        hardware: of the run's last part, in words; empty if unknown.
    """

    roles: tuple[str, ...]

    def __init__(self, seed: int, steps: int):
        super().__init__()
        self.seed = seed
        self.steps = steps
        self.register_buffer("step_count", torch.zeros((), dtype=torch.long))
        self.register_buffer("seconds", torch.zeros((), dtype=torch.float64))
        self.hardware = ""
        self._started = 0.0

    step_count: Tensor
    seconds: Tensor

    def on_train_start(self) -> None:
        self.hardware = hardware_name(self.device)
        self._started = time.monotonic()

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        now = time.monotonic()
        self.seconds += now - self._started
        self._started = now

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[HARDWARE_KEY] = self.hardware
        checkpoint[STEPS_KEY] = self.steps

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes over the hardware, for the card of a run that is exported later; earlier checkpoints have none.

        Raises:
            CheckpointError: of a run of another length, whose learning rate falls otherwise.
        """
        steps = checkpoint.get(STEPS_KEY, self.steps)
        if steps != self.steps:
            raise CheckpointError(
                f"the run to continue has recipe.steps={shown(steps)}, this command {self.steps}; give that number, or "
                "another out= for a new run"
            )
        hardware = checkpoint.get(HARDWARE_KEY)
        self.hardware = hardware if isinstance(hardware, str) and hardware.isprintable() else ""

    def configure_optimizers(self) -> Any:
        """None: nothing is optimised where a recipe does not say otherwise."""

    def train_dataloader(self) -> DataLoader[int]:
        return DataLoader(_Steps(self.steps), batch_size=None)

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return int(self.step_count) >= self.steps

    def next_step(self) -> int:
        """Returns the number of this step, seeds its random state, and ends the run after the last."""
        step = int(self.step_count)
        torch.manual_seed(recipe_seed(self.seed, step))
        self.step_count += 1
        self.trainer.should_stop = self.finished
        return step

    @abstractmethod
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """Sample images in [-1, 1]."""

    @abstractmethod
    def pack_roles(self) -> list[PackRole]:
        """The trained networks for the pack."""

    def check_export(self, pack_folder: Path, overwrite: bool = False) -> None:
        """Makes sure, before hours of training, that the export will find a pack, and lose no network.

        Raises:
            PackError: no pack there, and this recipe makes no generator to begin one with; or the pack has one of this
                recipe's networks already, and ``overwrite`` is false.
        """
        if "generator" not in self.roles:
            require_pack_for_export(pack_folder)
        for role in self.roles:
            require_free_role(pack_folder, role, overwrite, REMEDY)

    def figures(self) -> Mapping[str, float]:
        """Measured quality on held-out images, for the model card; runs after the training."""
        return {}

    def made(self) -> str:
        """Seed, steps, time and hardware of the run so far, in words."""
        minutes = float(self.seconds) / 60
        hardware = self.hardware or "hardware that was not recorded"
        return f"seed {self.seed}, {int(self.step_count):,} steps, {minutes:.0f} minutes on {hardware}"

    def export(self, pack_folder: Path, command: str, overwrite: bool = False) -> list[str]:
        """Writes the networks into a pack, with their model cards; returns their roles.

        Args:
            pack_folder: the pack; made where it is missing.
            command: that trained them, for the cards.
            overwrite: write over networks that the pack has already.

        Raises:
            PackError: the pack has one of them already, and ``overwrite`` is false; nothing is written.
        """
        self.check_export(pack_folder, overwrite)
        results = self.pack_roles()
        figures = self.figures()
        for result in results:
            card = model_card(result, command, self.made(), figures)
            write_pack_entry(
                pack_folder,
                result.role,
                result.network,
                result.arch,
                result.args,
                tokens=result.tokens,
                origin=command,
                card=card,
                dtype=result.dtype,
                overwrite=overwrite,
            )
        return [result.role for result in results]


def model_card(result: PackRole, command: str, made: str, figures: Mapping[str, float]) -> str:
    """Markdown: what the network is, how it was made, and what was measured.

    Args:
        result: the network.
        command: that made it.
        made: seed, steps, time and hardware, as :meth:`Recipe.made` says them.
        figures: measured quality by name.
    """
    parameters = sum(p.numel() for p in result.network.parameters())
    rows = "\n".join(f"| {name} | {value:.4g} |" for name, value in figures.items())
    measured = f"\n## Measured\n\n| figure | value |\n|---|---|\n{rows}\n" if figures else ""
    return f"""# {result.role}

{result.description.strip()}

## How it was made

- command: `{command}`
- architecture: `{result.arch}`, {parameters:,} parameters, stored as {str(result.dtype).removeprefix("torch.")}
- {made}
{measured}
## Licence and use

Weights: CC BY-NC-SA 4.0, because most of the data is for non-commercial research. Not for identifying people, not for
deciding anything about a person, and not a guarantee of anonymity: what it takes part in is pseudonymisation.
"""
