"""What a user may choose from, by name; importing this is fast, so that a misspelt choice is refused at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from riddle_pl.errors import ConfigError, NoFaceError

MODES = ("deniable", "sealed")
INVERSIONS = ("encoder", "refine", "optimise")
"""Ways of ``riddle invert`` from a photo to its code."""
FOR_PADDED = ("mask=fitted", "nonce=best_fit", "colour=skin", "grain=photo")
"""Settings with a padded encryptor, before what the user says: a person who fits. Codes are found inside of its model,
too."""
FOR_FACE_AXES = ("invert=redrawn",)
"""More of them, where the pack knows which coordinates draw the face."""


class OnFailure(StrEnum):
    """What becomes of a photo whose faces are not found or refused, or which cannot be read."""

    ERROR = "error"
    """The job ends with an error; nothing of the photo is written."""
    SOLID = "solid"
    """Refused faces are covered. A photo in which no face was found has nothing to cover, and is left out."""
    SKIP = "skip"
    """The photo is left out."""


@dataclass(frozen=True)
class Faces:
    """Indices (the largest face of a photo is 0) and photos of people, as a user names them.

    Args:
        indices: of faces.
        people: photos; the largest face of each is the person.
    """

    indices: frozenset[int] = frozenset()
    people: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.indices or self.people)


def parse_faces(values: Sequence[str], option: str) -> Faces:
    """Reads ``2``, ``0,3`` or the path of a photo.

    Raises:
        ConfigError: neither numbers nor a file.
    """
    indices: set[int] = set()
    people = []
    for value in values:
        numbers = value.replace(" ", "").split(",")
        if all(number.isdecimal() and number.isascii() and len(number) < 6 for number in numbers):
            indices.update(int(number) for number in numbers)
        elif Path(value).is_file():
            people.append(Path(value))
        else:
            raise ConfigError(f"{option} {value} is neither a face index, such as 0 or 1,3, nor a photo of a person")
    return Faces(frozenset(indices), tuple(people))


def parse_indices(values: Sequence[str], option: str, of: str = "faces") -> frozenset[int]:
    """Reads ``2`` or ``0,3``, and no photo of a person.

    Args:
        of: what the indices are of, for the message.

    Raises:
        ConfigError: a value is no number.
    """
    faces = parse_faces(values, option)
    if faces.people:
        raise ConfigError(f"{option} {faces.people[0]} is a photo; give indices of {of}")
    return faces.indices


def choose_faces(count: int, only: Collection[int] | None, name: str, also_named: Collection[int] = ()) -> list[int]:
    """The indices of the chosen faces, in order.

    Args:
        count: how many faces there are.
        only: the chosen ones; all by default.
        name: how messages call the photo or record.
        also_named: further indices that the user gave.

    Raises:
        ConfigError: there is no face of an index.
        NoFaceError: none is chosen.
    """
    for index in (*(only or ()), *also_named):
        if not 0 <= index < count:
            raise ConfigError(f"{name} has no face {index}; it has {count} (0 to {count - 1})")
    chosen = list(range(count)) if only is None else sorted(set(only))
    if not chosen:
        raise NoFaceError(f"no face of {name} was chosen; give at least one")
    return chosen
