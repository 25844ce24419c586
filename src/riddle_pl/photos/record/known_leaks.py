"""What records reveal without the password, as messages for the user; proven or measured, with the commands, in
docs/security.md.

A padded record (its tokens are a key stream) tells what is public of a face, and next to nothing of a guessed password.
The photo around the face tells a right guess, since the right face fits it; less so where the code was padded given a
context, so that all faces fit. Any other encryptor is smooth in the password, and nothing makes its wrong decryptions
lie where codes of real faces lie: its records tell much.
"""

from riddle_pl.password import KeyStream
from riddle_pl.photos.record.record import Record

PAGE = "docs/security.md"

NOTE = (
    "not yet secret: whoever has the record can test guesses of the password and link it to other records of the "
    f"photo; see {PAGE}"
)
"""Of ``riddle encrypt`` with an encryptor that is not padded, in both modes: a sealed record holds the code too."""

PADDED_NOTE = (
    "without the password the record tells pose, outline and light of a face, and no more; who has the picture as well "
    f"can test guesses of the password, so choose one that nobody guesses; see {PAGE}"
)
"""The same with a padded one."""

CONTEXT_NOTE = (
    "without the password the record tells what the photo shows around a face, and no more; who has the picture as "
    f"well can test guesses of the password, better with every face, so choose one that nobody guesses; see {PAGE}"
)
"""The same with a padded one that reads contexts and keeps no coordinate in clear."""

UNCHECKED = f"The record is deniable: riddle does not check the password. Others can test theirs; see {PAGE}"
"""Of ``riddle decrypt``."""

SEALED_GUESSES = "whether a guessed password is right, by AES-GCM's tag"
GUESSES = "whether a guessed password is right, by the code that it decrypts to"
PADDED_GUESSES = (
    "whether a guessed password is right, to whoever has the picture as well: the right face fits the photo around it; "
    "without the picture a little, with {faces}: about {bits:.1f} bits in all, of the 13 of one among ten thousand "
    "passwords, which take half an hour of one core"
)
BITS_PER_FACE = 0.09
"""The most that an attack of ``riddle-attack`` got out of codes of pack mobile's encryptor-padded before it read
contexts, with 700 public faces, on 200 records."""
GUESSES_IN_CONTEXT = (
    "whether a guessed password is right, in part, to whoever has the picture as well: with {faces} about "
    "{redrawn:.1f} bits in all if the code is of the face alone (invert=redrawn, the default of pack mobile), "
    "{bits:.0f} otherwise, of the 13 of one among ten thousand passwords, which take half an hour of one core"
)
BITS_REDRAWN, BITS_IN_CONTEXT = 0.64, 4.6
"""The most that an attack of ``riddle-attack`` gets out of code, picture and photo around the face, with pack mobile's
encryptor-padded and codes of ``invert=redrawn`` or ``invert=refine`` (docs/security.md has the commands and
intervals)."""
LINKS = "with the pack and without a password: which other records were made of the same photo, and often which photo"
PUBLIC = (
    "what is public of each face: pose, outline and light, to the last digit, which is enough to match it with its "
    "photo and with other records of that"
)
CONTEXT = (
    "what the encryptor read of the photo around each face, some numbers, which are enough to match it with that photo "
    "and with other records of it"
)
TWICE = "to everyone who has another record of the same photo under the same password: which guess is right"
SEVERAL = (
    "records of one person under one password test a guess together: the right one gives that person in each of them. "
    f"Where a person is in several photos, choose a password that nobody guesses; see {PAGE}"
)
"""Of ``riddle encrypt`` when one password made several records."""

OLD_AND_NEW = (
    "whoever has the old record and the new one sees that they are of one photo and can test guesses of either "
    f"password on both; delete the old one, and its copies (--replace does it here); see {PAGE}"
)
"""Of ``riddle rekey`` when the old record stays."""

AROUND = (
    "what the picture shows around the faces, coarsely: 16 x 16 greys, and the look of up to 100 points, which are "
    "enough to find the picture among others"
)
SHARED = "to everyone who knows one of its faces: the others under the same password and salt"


def note(tokens: str, context: bool = False) -> str:
    """What ``riddle encrypt`` says.

    Args:
        tokens: token scheme of the encryptor.
        context: whether it reads contexts.
    """
    if tokens != KeyStream.name:
        return NOTE
    return CONTEXT_NOTE if context else PADDED_NOTE


def given_away(record: Record) -> list[str]:
    """What ``riddle inspect`` says."""
    faces, padded = len(record.faces), record.tokens == KeyStream.name
    lines = [SEALED_GUESSES] if record.mode == "sealed" else []
    of_each = "its face" if faces == 1 else f"each of its {faces} faces"
    if record.faces[0].context is not None:
        bits = {"redrawn": faces * BITS_REDRAWN, "bits": faces * BITS_IN_CONTEXT}
        lines += [GUESSES_IN_CONTEXT.format(faces=of_each, **bits), CONTEXT, TWICE]
    elif padded:
        lines += [PADDED_GUESSES.format(faces=of_each, bits=faces * BITS_PER_FACE), PUBLIC, TWICE]
    else:
        lines += [GUESSES, LINKS]
    if record.surroundings is not None:
        lines.append(AROUND)
    if record.shares_stream:
        lines.append(SHARED)
    return lines
