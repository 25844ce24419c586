"""Metadata of a checkpoint: architecture of its encryptor, and the frozen networks that it was trained with.

Checkpoints are untrusted. The encryptor is given by an architecture and plain arguments, which are checked against the
registry; no target of the stored config is ever called.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riddle_pl.errors import CheckpointError, PackError, one_line, shown
from riddle_pl.packs.encryptors import EncryptorSpec
from riddle_pl.packs.manifest import TOKENS
from riddle_pl.password import token_override

CHECKPOINT_KEY = "riddle"
"""Entry of a Lightning checkpoint that holds an :class:`Origin`."""

_MAX_OVERRIDES = 1000
_MAX_LINE = 4096
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{0,128}")
_SHA256 = re.compile(r"(?:[0-9a-f]{64})?")


@dataclass(frozen=True)
class Origin:
    """What a checkpoint was trained with.

    Args:
        pack: its name.
        sha256: of the file of each frozen network, by role; empty where it is not known.
        tokens: name of the password token scheme.
        encryptor: None for a user-defined class.
        overrides: Hydra overrides of the command that trained it; None if unknown.
        made_by: version and commit of the package.
        wandb: id of the wandb run, if any.
        hardware: of the run's last part, in words; empty if unknown.
    """

    pack: str
    sha256: Mapping[str, str]
    tokens: str
    encryptor: EncryptorSpec | None
    overrides: Sequence[str] | None = None
    made_by: str = ""
    wandb: str = ""
    hardware: str = ""

    def to_plain(self) -> dict[str, Any]:
        """As stored in a checkpoint."""
        encryptor = None if self.encryptor is None else self.encryptor.to_plain()
        overrides = None if self.overrides is None else list(self.overrides)
        return {
            **{"pack": self.pack, "sha256": dict(self.sha256), "tokens": self.tokens, "encryptor": encryptor},
            **{"overrides": overrides, "made_by": self.made_by, "wandb": self.wandb, "hardware": self.hardware},
        }


def read_origin(checkpoint: Mapping[str, Any]) -> Origin:
    """The origin in a checkpoint; of one of an earlier version, without its encryptor.

    Raises:
        CheckpointError: not written by riddle-train, or with invalid values.
    """
    section: Any = checkpoint.get(CHECKPOINT_KEY)
    if not isinstance(section, Mapping):
        raise CheckpointError("the checkpoint does not say its pack; it was not written by riddle-train")
    pack: Any = section.get("pack")
    sha256: Any = section.get("sha256")
    tokens: Any = section.get("tokens")
    encryptor = section.get("encryptor")
    _expect(isinstance(pack, str) and pack.isprintable(), "pack", pack, "a name")
    _expect(isinstance(tokens, str) and tokens in TOKENS, "tokens", tokens, f"one of {', '.join(TOKENS)}")
    _expect(isinstance(sha256, Mapping), "sha256", sha256, "hashes by role")
    for role, digest in sha256.items():
        texts = isinstance(role, str) and role.isprintable() and isinstance(digest, str)
        _expect(texts and bool(_SHA256.fullmatch(digest)), "sha256", {role: digest}, "64 hexadecimal digits by role")
    overrides: Any = section.get("overrides")
    if overrides is not None:
        few = isinstance(overrides, list) and len(overrides) <= _MAX_OVERRIDES
        _expect(few and all(map(_is_line, overrides)), "overrides", overrides, "the overrides of a command")
    made_by, wandb, hardware = (section.get(key, "") for key in ("made_by", "wandb", "hardware"))
    _expect(_is_line(made_by), "made_by", made_by, "a version")
    _expect(_is_line(hardware), "hardware", hardware, "the name of a device")
    _expect(isinstance(wandb, str) and bool(_RUN_ID.fullmatch(wandb)), "wandb", wandb, "the id of a run")
    spec = None if encryptor is None else _spec(encryptor)
    return Origin(pack, dict(sha256), tokens, spec, overrides, str(made_by), wandb, str(hardware))


def encryptor_of(checkpoint: Mapping[str, Any]) -> EncryptorSpec:
    """The specification of a checkpoint's encryptor.

    Raises:
        CheckpointError: see :func:`read_origin`; or the checkpoint is of an earlier version or of a user-defined
            class.
    """
    spec = read_origin(checkpoint).encryptor
    if spec is None and "encryptor" not in checkpoint[CHECKPOINT_KEY]:
        raise CheckpointError(
            "it is of an earlier riddle-pl and names a class to call, and nothing in a file is called any more; "
            "continue it for a step (riddle-train as it was trained, with ckpt_path= this file and steps= at least one "
            "more) and give the new last.ckpt"
        )
    if spec is None:
        raise CheckpointError(
            "its encryptor is a class of your own, which no file can name; only training can resume it (ckpt_path=)"
        )
    return spec


def check_origin(checkpoint: Mapping[str, Any], pack: str, sha256: Mapping[str, str], tokens: str) -> None:
    """Checks that frozen networks and tokens equal those of a checkpoint; roles of one side only are ignored.

    Raises:
        CheckpointError: not a checkpoint of riddle-train, or a difference.
    """
    origin = read_origin(checkpoint)
    for role, expected in origin.sha256.items():
        if role in sha256 and sha256[role] != expected:
            raise CheckpointError(
                f"the checkpoint was trained with {role} {expected[:16]} of pack {origin.pack}; "
                f"pack {pack} has {role} {sha256[role][:16]}: give the pack that it was trained with"
            )
    if origin.tokens != tokens:
        raise CheckpointError(
            f"the checkpoint was trained with {origin.tokens} password tokens; this run has {tokens}: "
            f"give {token_override(origin.tokens)}"
        )


def _is_line(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= _MAX_LINE


def _spec(value: object) -> EncryptorSpec:
    try:
        return EncryptorSpec.from_plain(value)
    except PackError as error:
        raise CheckpointError(f"the checkpoint's encryptor: {one_line(error)}") from None


def _expect(ok: bool, key: str, value: object, expected: str) -> None:
    if not ok:
        raise CheckpointError(f"the checkpoint's {key} is {shown(value)}; expected {expected}")
