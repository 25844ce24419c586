"""What the records of today's encryptors tell without the password, in words for the user; measured, with the commands,
in docs/security.md.

It concerns every encryptor that there is: a learned T is smooth in the password, and nothing makes wrong decryptions
lie where codes of real faces lie.
"""

PAGE = "docs/security.md"

NOTE = (
    "not yet secret: whoever has the record can test guesses of the password, link it to other records of the photo, "
    f"and with one face known open others under the same password and salt; see {PAGE}"
)
"""Of ``riddle encrypt``, in both modes: a sealed record holds the code too."""

UNCHECKED = f"The record is deniable: riddle does not check the password. Others can test theirs; see {PAGE}"
"""Of ``riddle decrypt``."""

GIVEN_AWAY = (
    "with the pack and without a password: which other records were made of the same photo, and often which photo",
    "to everyone who knows one of its faces: the others under the same password and salt",
)
"""Of ``riddle inspect``, in both modes; and :data:`GUESSES`."""

GUESSES = {
    "deniable": "whether a guessed password is right, by the code that it decrypts to",
    "sealed": "whether a guessed password is right, by AES-GCM's tag and by the code that it decrypts to",
}
"""Of ``riddle inspect``, by mode."""
