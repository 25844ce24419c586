"""Lets slipcover count the lines of the modules whose shapes jaxtyping checks: each comes in by an import hook.

slipcover wraps the loader that it finds, and so has to be asked first. It then takes the compiled code from
jaxtyping's loader without running it, which must not mix with the code that Python keeps of the unchecked modules.
"""

import sys
from functools import partial
from importlib.machinery import SourceFileLoader
from types import CodeType
from unittest.mock import patch

from jaxtyping._import_hook import _JaxtypingLoader, _optimized_cache_from_source


def watch_checked_modules() -> None:
    """After jaxtyping's hook; does nothing where slipcover does not watch."""
    for finder in list(sys.meta_path):
        if type(finder).__name__ == "SlipcoverMetaPathFinder":
            sys.meta_path.remove(finder)
            sys.meta_path.insert(0, finder)
            _JaxtypingLoader.get_code = checked_code


def checked_code(loader: _JaxtypingLoader, name: str) -> CodeType:
    """As the loader's own ``exec_module`` makes it, with its mark in the names of cached files."""
    cached = partial(_optimized_cache_from_source, loader._typechecker.get_hash())
    with patch("importlib._bootstrap_external.cache_from_source", cached):
        return SourceFileLoader.get_code(loader, name)
