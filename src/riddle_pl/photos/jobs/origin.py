"""What a picture was made from: a mark in it that tells a later run whether its result is still the one asked for.

The mark is a salted hash of the photo's file and of what was ordered, in the form of the two identifiers that many
programs write into pictures (xmpMM:DocumentID and xmpMM:InstanceID). It gives neither away: whoever wants to compare
has to have the photo's very file. The password is not in it: whoever can check a password can guess it.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SALT_BYTES = CHECK_BYTES = 8
NAMESPACE = "http://ns.adobe.com/xap/1.0/mm/"
_STATEMENT = re.compile(rb'xmpMM:DocumentID="uuid:([0-9a-f]{32})" xmpMM:InstanceID="uuid:([0-9a-f]{32})"')


@dataclass(frozen=True)
class Mark:
    """The mark of one picture.

    Args:
        digest: salted hash of what it was made from, 16 bytes.
        salt: drawn for this picture, 8 bytes.
    """

    digest: bytes
    salt: bytes

    @classmethod
    def of(cls, source: bytes, salt: bytes | None = None) -> "Mark":
        """The mark of something made from ``source``, with a fresh salt by default."""
        salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
        return cls(hashlib.sha256(b"riddle-pl made from " + salt + source).digest()[:16], salt)

    @classmethod
    def parse(cls, text: bytes) -> "Mark | None":
        """The mark in an XMP packet; None if there is none, or another program's identifiers."""
        found = _STATEMENT.search(text)
        if found is None:
            return None
        digest, instance = (bytes.fromhex(part.decode()) for part in found.groups())
        mark = cls(digest, instance[:SALT_BYTES])
        return mark if instance[SALT_BYTES:] == mark._check() else None

    def statement(self) -> str:
        """For an XMP packet."""
        instance = self.salt + self._check()
        return (
            f'xmlns:xmpMM="{NAMESPACE}" xmpMM:DocumentID="uuid:{self.digest.hex()}" '
            f'xmpMM:InstanceID="uuid:{instance.hex()}"'
        )

    def fits(self, source: bytes) -> bool:
        """Whether the picture was made from this."""
        return self == Mark.of(source, self.salt)

    def _check(self) -> bytes:
        return hashlib.sha256(b"riddle-pl wrote " + self.digest + self.salt).digest()[:CHECK_BYTES]


def made_from(photo: str, orders: Mapping[str, Any]) -> bytes:
    """What a picture is made from, but for the password: the bytes of the photo's file, and what was ordered.

    Args:
        photo: sha256 of its file, or whatever else names its contents.
        orders: plain values, such as a JSON file may hold.
    """
    ordered = json.dumps(orders, sort_keys=True, default=str)
    return f"{photo} {ordered}".encode()
