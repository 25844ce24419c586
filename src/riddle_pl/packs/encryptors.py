"""What a checkpoint may name: the architecture of an encryptor and its arguments, in plain values."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riddle_pl.errors import PackError, shown
from riddle_pl.packs.architectures import ENCRYPTORS, build, class_of, current_name
from riddle_pl.packs.arguments import checked

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class EncryptorSpec:
    """How an encryptor is built.

    Args:
        arch: one of :data:`riddle_pl.packs.architectures.ENCRYPTORS`.
        args: all arguments of its constructor, independent of defaults.

    Raises:
        PackError: an unknown name, or arguments that do not fit it.
    """

    arch: str
    args: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.arch not in ENCRYPTORS:
            raise PackError(f"{shown(self.arch)} is no encryptor's architecture; choose from {', '.join(ENCRYPTORS)}")
        checked(class_of(self.arch), self.args, self.arch)

    @staticmethod
    def from_plain(value: object) -> "EncryptorSpec":
        """Out of a checkpoint, see :meth:`to_plain`.

        Raises:
            PackError: anything else, or see the class.
        """
        if not isinstance(value, Mapping) or set(value) != {"arch", "args"}:
            raise PackError(f"{shown(value)} is no encryptor; expected {{'arch': ..., 'args': ...}}")
        arch, args = value["arch"], value["args"]
        if not isinstance(arch, str) or not isinstance(args, Mapping):
            raise PackError(f"{shown(value)} is no encryptor; expected a name and an object of arguments")
        return EncryptorSpec(current_name(arch), args)

    @staticmethod
    def of(target: object, given: Mapping[str, Any]) -> "EncryptorSpec | None":
        """Of a class and the arguments that it is called with; None for a class of the user's own.

        Raises:
            PackError: arguments that do not fit, or that no file can hold.
        """
        arch = next((name for name in ENCRYPTORS if class_of(name) is target), None)
        if arch is None:
            return None
        call = inspect.signature(class_of(arch)).bind_partial(**checked(class_of(arch), given, arch))
        call.apply_defaults()
        return EncryptorSpec(arch, {name: _plain(value) for name, value in call.arguments.items()})

    def build(self) -> "nn.Module":
        """The encryptor with fresh weights.

        Raises:
            PackError: values that are no encryptor's.
        """
        return build(self.arch, self.args)

    def to_plain(self) -> dict[str, Any]:
        """As stored in a checkpoint."""
        return {"arch": self.arch, "args": dict(self.args)}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
