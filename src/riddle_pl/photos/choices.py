"""What a user may choose from, by name; importing this is fast, so that a misspelt choice is refused at once."""

from enum import StrEnum

MODES = ("deniable", "sealed")


class OnFailure(StrEnum):
    """What becomes of a photo whose faces are not found or refused, or which cannot be read."""

    ERROR = "error"
    """The job ends with an error; nothing of the photo is written."""
    SOLID = "solid"
    """Refused faces are covered. A photo in which no face was found has nothing to cover, and is left out."""
    SKIP = "skip"
    """The photo is left out."""
