"""Typed configuration: the root schema, checks of every node before a run starts, and the one instantiate helper."""

from riddle_pl.config.check import check_config
from riddle_pl.config.compose import compose_jobs
from riddle_pl.config.instantiate import instantiate, instantiate_group

__all__ = ["check_config", "compose_jobs", "instantiate", "instantiate_group"]
