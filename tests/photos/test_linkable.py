"""If this fails, linkable records of one pack are not linkable, or those of two packs are."""

import hashlib

from riddle_pl.password import KdfParams
from riddle_pl.photos.linkable import linkable_kdf, linkable_salt


def test_the_salt_comes_from_the_pack_and_a_label_alone():
    pack = "ab" * 32
    expected = hashlib.sha256(b"riddle-pl/v1/linkable-salt" + bytes.fromhex(pack)).digest()[:16]
    assert linkable_salt(pack) == linkable_salt(pack) == expected
    assert linkable_salt("ac" + pack[2:]) != expected


def test_guessing_costs_as_much_as_for_other_records():
    kdf = linkable_kdf("ab" * 32)
    assert kdf == KdfParams(salt=linkable_salt("ab" * 32))
