"""Base of recognisers, detectors and feature networks for evaluation."""

from abc import ABC, abstractmethod
from functools import cached_property

from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.device import resolve_device
from riddle_pl.errors import ConfigError, PackError
from riddle_pl.packs import Pack


class Judge(ABC):
    """A recogniser, detector or feature network, which may not be installed.

    A judge that cannot run is left out, with the reason in the report.
    """

    name: str
    note: str = ""
    """Note on its independence, printed with every number."""

    @abstractmethod
    def missing(self) -> str | None:
        """What is missing and where to get it, in one line; None if it can run. Fast.

        Raises:
            DeviceError: the device is not available.
        """

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Fingerprint of everything that its output depends on besides the image."""

    def check(self) -> None:
        """Raises what :meth:`missing` says as a ``ConfigError``."""
        if reason := self.missing():
            raise ConfigError(reason)

    def close(self) -> None:  # noqa: B027  # most hold nothing
        """Releases resources."""


class PackNetwork(Judge):
    """A judge with a network of a pack.

    Args:
        pack: where its weights are.
        role: in the pack.
        device: where it runs.
        note: see :class:`Judge`.
    """

    def __init__(self, pack: Pack, role: str, device: str = "auto", note: str = ""):
        self.pack = pack
        self.role = role
        self.device = device
        self.note = note

    def missing(self) -> str | None:
        resolve_device(self.device)
        try:
            self.pack.verify(self.role)
        except PackError as error:
            return str(error)
        return None

    @cached_property
    def fingerprint(self) -> str:
        return f"pack {self.pack.fingerprint(self.role)}"

    @cached_property
    def network(self) -> nn.Module:
        """On its device; loaded on first use."""
        return self.pack.load(self.role).to(resolve_device(self.device))

    def on_device(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Moved to the network's device."""
        return x.to(resolve_device(self.device))
