"""The command line of a run without local paths, for a model card."""

from collections.abc import Collection, Sequence
from pathlib import Path


def portable_command(program: str, arguments: Sequence[str], local: Collection[str]) -> str:
    """The command without machine-specific settings.

    Args:
        program: its name.
        arguments: ``key=value`` overrides. Of a path that is absolute or leads out of the current folder, the last
            part is left.
        local: keys that change no result.
    """
    shown = []
    for text in arguments:
        key, equals, value = text.partition("=")
        if key not in local:
            path = Path(value)
            elsewhere = path.is_absolute() or ".." in path.parts
            shown.append(f"{key}{equals}{path.name if elsewhere else value}")
    return " ".join([program, *shown])
