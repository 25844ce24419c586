"""The paper's own numbers, from ``paper.yaml``."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple, cast

from omegaconf import OmegaConf

from riddle_pl.judging.measures import Measure

Numbers = Mapping[str, Mapping[str, float]]
"""By method, then by recogniser or measure."""


class AblationEntry(NamedTuple):
    """One line of the paper's ablation table."""

    row: str
    """What the paper calls it."""
    numbers: Mapping[Measure, float]


class Paper(NamedTuple):
    """The tables."""

    source: str
    setting: str
    """Resolution and networks: not those of our small ones."""
    identification: Mapping[Measure, Numbers]
    """De-identification and recovery."""
    quality: Numbers
    utility: Numbers
    """By metric and judge, with a space between."""
    ablation: Mapping[str, AblationEntry]
    """By our experiment's name."""

    @property
    def column(self) -> str:
        """What marks a column as the paper's."""
        return f"paper ({self.setting})"


@lru_cache(maxsize=1)
def paper() -> Paper:
    """Reads the file once."""
    text = resources.files("riddle_pl.evaluation.report").joinpath("paper.yaml").read_text(encoding="utf-8")
    data = cast(dict[str, Any], OmegaConf.to_container(OmegaConf.create(text)))
    return Paper(
        source=data["source"],
        setting=data["setting"],
        identification={measure: data[measure] for measure in (Measure.DEIDENTIFICATION, Measure.RECOVERY)},
        quality=data["quality"],
        utility=data["utility"],
        ablation={
            name: AblationEntry(entry.pop("row"), {Measure(measure): value for measure, value in entry.items()})
            for name, entry in data["ablation"].items()
        },
    )
