"""One person per password: the salt that all linkable records of a pack share.

It comes from the pack and from nothing else: a salt made of the password would test guesses of it by itself. What the
shared salt gives away: that two linkable pictures were made with one password can be guessed from their people being
alike (that is its purpose), work spent on guessing passwords for one such picture serves for all of them, and whoever
knows one face of an album can fit its password latent and open the others (docs/security.md).
"""

import hashlib

from riddle_pl.key import SALT_BYTES, KdfParams

LABEL = b"riddle-pl/v1/linkable-salt"


def linkable_salt(pack_hash: str) -> bytes:
    """The salt of all linkable records of a pack (hex hash as in its records)."""
    return hashlib.sha256(LABEL + bytes.fromhex(pack_hash)).digest()[:SALT_BYTES]


def linkable_kdf(pack_hash: str) -> KdfParams:
    """Argon2id at its default cost with :func:`linkable_salt`."""
    return KdfParams(salt=linkable_salt(pack_hash))


def is_linkable(kdf: KdfParams, pack_hash: str) -> bool:
    """Whether the salt is that of linkable records."""
    return kdf.salt == linkable_salt(pack_hash)
