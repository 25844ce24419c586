"""Base class of the attacks, and their measurements."""

from abc import ABC, abstractmethod
from typing import ClassVar

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.attacks.target import Faces, Target
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.judging.metrics import Estimate


def figure(
    name: str, estimate: Estimate, chance: float | None = None, clear: float | None = None, digits: int = 3
) -> Measurement:
    """A number of an attack; for ``chance`` and ``clear`` see :class:`Measurement`."""
    return Measurement("", name, *estimate, digits=digits, chance=chance, clear=clear)


class Attack(ABC):
    """One attack on an encryptor, by an attacker without the password; the class states the attacker's knowledge.

    A high figure shows a break. A low one shows only that this attack, with so many public faces, failed.
    """

    has: ClassVar[str]
    """What the attacker has and does, in a sentence for the report."""
    roles: ClassVar[tuple[str, ...]] = ()
    """Networks of the pack that it needs besides generator and encryptor."""

    @property
    @abstractmethod
    def victims(self) -> int:
        """Number of victims that it needs."""

    @abstractmethod
    def run(self, target: Target, faces: Faces) -> list[Measurement]:
        """Attacks.

        Args:
            target: the attacked encryptor.
            faces: victims, and public faces to train on; see :meth:`Target.inside`.
        """


def require_positive(attack: str, **values: int) -> None:
    """Refuses numbers below 1.

    Raises:
        ConfigError: one is.
    """
    if low := [f"attack.{attack}.{name}={value}" for name, value in values.items() if value < 1]:
        raise ConfigError(f"{', '.join(low)}; give at least 1")
