"""If this fails, linkable records of one pack are not linkable, or those of two packs are."""

import hashlib

from riddle_pl.key import KdfParams
from riddle_pl.photos.record.linkable import is_linkable, linkable_kdf, linkable_salt


def test_the_salt_comes_from_the_pack_and_a_label_alone():
    pack = "ab" * 32
    expected = hashlib.sha256(b"riddle-pl/v1/linkable-salt" + bytes.fromhex(pack)).digest()[:16]
    assert linkable_salt(pack) == linkable_salt(pack) == expected
    assert linkable_salt("ac" + pack[2:]) != expected


def test_guessing_costs_as_much_as_for_other_records():
    kdf = linkable_kdf("ab" * 32)
    assert kdf == KdfParams(salt=linkable_salt("ab" * 32))


def test_a_linkable_record_is_known_by_its_salt():
    pack = "ab" * 32
    assert is_linkable(linkable_kdf(pack), pack)
    assert not is_linkable(KdfParams(), pack)
    assert not is_linkable(linkable_kdf(pack), "ac" + pack[2:])
