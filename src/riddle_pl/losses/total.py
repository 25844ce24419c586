"""L_total: the weighted sum of named terms, and its construction from a config."""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.errors import ConfigError
from riddle_pl.losses.ciphertext import CiphertextLoss
from riddle_pl.losses.deidentification import DeidentificationLoss
from riddle_pl.losses.distinction import DistinctionLoss
from riddle_pl.losses.diversity import DiversityLoss
from riddle_pl.losses.features import Role, StepFeatures
from riddle_pl.losses.latent import LatentLoss
from riddle_pl.losses.on_codes import (
    CiphertextOnCodes,
    DeidentificationOnCodes,
    DiversityOnCodes,
    RecoveryOnCodes,
    WrongPasswordOnCodes,
)
from riddle_pl.losses.parse import ParseLoss
from riddle_pl.losses.perceptual import PerceptualLoss
from riddle_pl.losses.pixel import PixelLoss
from riddle_pl.losses.recovery import RecoveryLoss
from riddle_pl.losses.term import LossTerm, check_name
from riddle_pl.losses.typical import TypicalLoss
from riddle_pl.losses.wrong_password import WrongPasswordLoss

TERMS: Mapping[str, type[LossTerm]] = {
    "deidentification": DeidentificationLoss,
    "recovery": RecoveryLoss,
    "wrong_password": WrongPasswordLoss,
    "diversity": DiversityLoss,
    "ciphertext": CiphertextLoss,
    "distinction": DistinctionLoss,
    "pixel": PixelLoss,
    "perceptual": PerceptualLoss,
    "parse": ParseLoss,
    "latent": LatentLoss,
    "typical": TypicalLoss,
    "pixel_recovery": PixelLoss,
    "perceptual_recovery": PerceptualLoss,
    "latent_recovery": LatentLoss,
    "deidentification_codes": DeidentificationOnCodes,
    "recovery_codes": RecoveryOnCodes,
    "wrong_password_codes": WrongPasswordOnCodes,
    "diversity_codes": DiversityOnCodes,
    "ciphertext_codes": CiphertextOnCodes,
}
"""Every term by its name; a ``*_recovery`` term is for x_dec alone, with its own weight; a ``*_codes`` term needs no
images."""

NUMBERS = ("weight", "margin")
"""Settings that are numbers wherever they occur."""


class RiddleLoss(nn.Module):
    """L_total = Σ weight · term.

    Args:
        terms: terms by name. Those of weight 0 are left out: not computed, not logged, no network needed.

    Raises:
        ConfigError: a name that is not in :data:`TERMS`, or no term left.
    """

    def __init__(self, terms: Mapping[str, LossTerm]):
        super().__init__()
        for name in terms:
            check_name(name, TERMS, "loss term")
        self.terms = nn.ModuleDict({name: term for name, term in terms.items() if term.weight > 0})
        if not self.terms:
            raise ConfigError("no loss term has a weight above 0; choose loss=default or give a term a weight")

    @property
    def needs(self) -> dict[Role, tuple[str, ...]]:
        """The feature networks that the terms need, and the images to run each on."""
        wanted: dict[Role, set[str]] = {}
        for term in self._active().values():
            for role, names in term.needs.items():
                wanted.setdefault(role, set()).update(names)
        return {role: tuple(sorted(names)) for role, names in wanted.items()}

    def check_batch(self, faces: int) -> None:
        """Checks that every term is defined for this batch size, counted over all processes.

        Raises:
            ConfigError: a term needs a larger batch.
        """
        for name, term in self._active().items():
            if faces < term.smallest_batch:
                raise ConfigError(
                    f"loss.{name} compares the faces of a batch, and this run has {faces}; give batch_size="
                    f"{term.smallest_batch} or more, or loss.{name}=null"
                )

    def forward(self, step: StepFeatures) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
        """L_total with its graph, and each term's unweighted value without one, to be logged as ``loss/<name>``."""
        for role, names in self.needs.items():
            step.fetch(role, names)
        weighted, values = [], {}
        for name, term in self._active().items():
            value = term(step)
            weighted.append(term.weight * value)
            values[name] = value.detach()
        return torch.stack(weighted).sum(), values

    def _active(self) -> dict[str, LossTerm]:
        return {name: term for name, term in self.terms.items() if isinstance(term, LossTerm)}


def build_loss(config: Mapping[str, Any]) -> RiddleLoss:
    """The loss that a config describes: term name -> its settings; ``null`` switches a term off.

    Raises:
        ConfigError: an unknown term, an unknown setting of a term (each with the nearest name), or a bad value.
    """
    terms = {name: _build_term(name, settings) for name, settings in config.items() if settings is not None}
    return RiddleLoss(terms)


def _build_term(name: str, settings: object) -> LossTerm:
    check_name(name, TERMS, "loss term")
    term = TERMS[name]
    if not isinstance(settings, Mapping):
        raise ConfigError(f"loss.{name}={settings!r}; expected settings such as {{weight: 1.0}}, or null for none")
    given = dict(settings)
    target = given.pop("_target_", None)
    expected = f"{term.__module__}.{term.__qualname__}"
    if target not in (None, expected):
        raise ConfigError(f"loss.{name}._target_={target}; expected {expected} (terms are listed in losses/total.py)")
    allowed = list(inspect.signature(term).parameters)
    for key, value in given.items():
        check_name(str(key), allowed, f"setting of loss.{name}")
        if key in NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ConfigError(f"loss.{name}.{key}={value!r}; expected a number")
    try:
        return term(**given)
    except ConfigError as error:
        raise ConfigError(f"loss.{name}: {error}") from None
    except TypeError as error:
        raise ConfigError(f"loss.{name}: {error}; given: {given}") from None
