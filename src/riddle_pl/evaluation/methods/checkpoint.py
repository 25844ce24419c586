"""The encryptor of a training run."""

from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from riddle_pl.errors import CheckpointError
from riddle_pl.evaluation.methods.latent import LatentMethod
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.figures.training_log import find_training_log
from riddle_pl.files import require_file, sha256_file
from riddle_pl.inversion import Inversion
from riddle_pl.password import PasswordTokens
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.export import load_trained_encryptor
from riddle_pl.training.origin import check_origin, encryptor_of, read_origin

PAPER = {"riddle": "RiDDLE", "riddle_df": "RiDDLE data-free"}
"""What the paper's tables call the experiments."""


class CheckpointMethod(LatentMethod):
    """The encryptor in a checkpoint of ``riddle-train``, with averaged weights where it has them.

    Args:
        path: ``checkpoints/last.ckpt`` of a run.
        inversion: see :class:`LatentMethod`; its pack is the one that the encryptor was trained with.
        passwords: see :class:`LatentMethod`.
        seed: see :class:`LatentMethod`.
        device: see :class:`LatentMethod`.
    """

    def __init__(self, path: str, inversion: Inversion, passwords: TextPasswords, seed: int = 0, device: str = "auto"):
        super().__init__(inversion, passwords, seed, device)
        self.path = Path(path).expanduser()

    @property
    def label(self) -> str:
        return f"{self.experiment}, seed {self.training_seed}"

    @property
    def paper(self) -> str | None:
        return PAPER.get(self.experiment)

    @property
    def experiment(self) -> str:
        return str(self._origin["name"])

    @property
    def training_seed(self) -> int:
        return int(self._origin["seed"])

    @cached_property
    def sha256(self) -> str:
        return sha256_file(self.path)

    @property
    def training_log(self) -> Path | None:
        return find_training_log(self.path)

    def check(self) -> None:
        super().check()
        require_file(self.path, "method.path", CheckpointError)
        checkpoint = load_checkpoint(self.path)
        hashes = {role: sha for role in ("generator", "encoder") if (sha := self.pack.expected_sha256(role))}
        try:
            check_origin(checkpoint, self.pack.name, hashes, read_origin(checkpoint).tokens)
            encryptor_of(checkpoint)
            if missing := [key for key in ("name", "seed") if checkpoint["hyper_parameters"].get(key) is None]:
                raise CheckpointError(
                    f"it does not say the {' and '.join(missing)} of its run; give one of riddle-train"
                )
        except CheckpointError as error:
            raise CheckpointError(f"method.path={self.path}: {error}") from error

    @property
    def facts(self) -> dict[str, Any]:
        encryptor, tokens = self.load_encryptor()
        return {
            "encryptor": f"{type(encryptor).__name__} ({tokens.name} password tokens), {self._origin['steps']} steps "
            f"of experiment={self.experiment}, seed {self.training_seed}, from {self.path.name}, sha256 {self.sha256}",
        } | super().facts

    def load_encryptor(self) -> tuple[nn.Module, PasswordTokens]:
        return load_trained_encryptor(self.path)

    @cached_property
    def _origin(self) -> dict[str, Any]:
        checkpoint = load_checkpoint(self.path)
        config = checkpoint["hyper_parameters"]
        return {"name": config.get("name"), "seed": config.get("seed"), "steps": checkpoint["global_step"]}
