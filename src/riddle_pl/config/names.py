"""Nearest valid name for a misspelt one."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice most like ``name``, or None if nothing is similar; case is ignored."""
    by_lower = {choice.lower(): choice for choice in choices}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else None


def suggestion(name: str, choices: Iterable[str], limit: int = 30) -> str:
    """``did you mean 'x'? choose from a, b, x``: the tail of an error line about an unknown ``name``."""
    ordered = sorted(set(choices))
    if not ordered:
        return "it takes none"
    best = nearest(name, ordered)
    hint = f"did you mean '{best}'? " if best else ""
    shown = ", ".join(ordered[:limit]) + (", ..." if len(ordered) > limit else "")
    return f"{hint}choose from {shown}"
