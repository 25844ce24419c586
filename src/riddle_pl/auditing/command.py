"""The command of an audit, as a model card shows it."""

from collections.abc import Sequence
from pathlib import Path

LOCAL = ("out", "export", "cache_dir", "quiet", "device")
"""Keys that change no figure."""


def portable_command(arguments: Sequence[str]) -> str:
    """Without :data:`LOCAL`, and of absolute paths the last two parts."""
    shown = []
    for text in arguments:
        key, equals, value = text.partition("=")
        if key not in LOCAL:
            path = Path(value)
            shown.append(f"{key}{equals}{Path(*path.parts[-2:]) if path.is_absolute() else value}")
    return " ".join(["riddle-audit", *shown])
