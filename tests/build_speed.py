"""Building networks took a tenth of the suite's time: nearly every test loads a pack, and most load the same tiny one.

So a network whose weights are about to be read from a file is built once per process, and copied from then on. Neither
draws random numbers that a test would see: all of its weights are replaced. Only loading goes through here; a test that
builds a network itself gets a new one.
"""

import copy
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import torch
from torch import nn

KEPT = 60
LARGEST = 2_000_000
"""Weights of the largest network that is kept: of those for photos, none."""
_built: dict[tuple[str, str], nn.Module] = {}


def install() -> None:
    """Once per process, before the first test, and after the hook that checks shapes."""
    from riddle_pl.packs import formats

    formats.build = built_once(formats.build)


def built_once(build: Callable[[str, Mapping[str, Any]], nn.Module]) -> Callable[[str, Mapping[str, Any]], nn.Module]:
    """A copy of what the same architecture and arguments gave before."""

    @wraps(build)
    def call(arch: str, args: Mapping[str, Any]) -> nn.Module:
        key = (str(arch), repr(args))
        if key not in _built:
            with torch.random.fork_rng(devices=[]):
                network = build(arch, args)
            if len(_built) >= KEPT or sum(weight.numel() for weight in network.parameters()) > LARGEST:
                return network
            _built[key] = network
        return copy.deepcopy(_built[key])

    return call
