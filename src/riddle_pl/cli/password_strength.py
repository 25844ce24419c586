"""Estimate of a password's strength (zxcvbn), as a warning to the user."""

WEAK = 3
"""Below this of zxcvbn's scores (0 to 4) a password is called weak: fewer than 10^8 guesses, by its estimate."""
MOST = 72
"""Characters that are looked at: the estimate's time grows with the square of the length."""


def weakness(password: str) -> str:
    """A line about a weak password; empty for a good one. It holds nothing of the password."""
    from zxcvbn import zxcvbn

    found = zxcvbn(password[:MOST])
    if found["score"] >= WEAK:
        return ""
    guesses = f"10^{found['guesses_log10']:.0f}"
    return (
        f"the password is weak: about {guesses} guesses find it, and whoever has a record can guess without end; "
        "four random words or more are better"
    )
