"""What every recogniser, detector and feature network that measures images has in common."""

from abc import ABC, abstractmethod

from riddle_pl.errors import ConfigError


class Judge(ABC):
    """Something that looks at images, and may not be installed.

    A judge that cannot run is left out with its reason; no other one takes its place.
    """

    name: str
    note: str = ""
    """What a reader must know about its impartiality; printed with every number."""

    @abstractmethod
    def missing(self) -> str | None:
        """What it needs and lacks, and where to get it, in one line; None when it can run. Does no long work.

        Raises:
            DeviceError: the device that it was given is not there.
        """

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Names everything that its answer depends on beside the image."""

    def check(self) -> None:
        """Raises what :meth:`missing` says as a ``ConfigError``."""
        if reason := self.missing():
            raise ConfigError(reason)

    def close(self) -> None:  # noqa: B027  # most hold nothing
        """Gives back what it holds."""
