"""If this fails, the password rates are not of text passwords, or not repeatable."""

import random

import pytest

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.methods.passwords import FaceKeys, TextPasswords, change_one_character


def test_every_key_of_every_face_is_another():
    keys = [TextPasswords().keys(0, name) for name in ("a", "b")] + [TextPasswords().keys(1, "a")]
    flat = [getattr(k, name) for k in keys for name in FaceKeys.__dataclass_fields__]
    assert len(set(flat)) == len(flat) == 12


def test_keys_are_the_same_every_time():
    assert TextPasswords().keys(0, "a") == TextPasswords().keys(0, "a")
    assert TextPasswords(time=2).keys(0, "a") != TextPasswords().keys(0, "a")


def test_passwords_go_from_text_to_key_with_the_salt_of_their_record(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "riddle_pl.evaluation.methods.passwords.derive_key", lambda text, kdf: seen.append((str(text), kdf)) or b"key"
    )
    TextPasswords(length=9).keys(0, "a")
    (right, record), (other, second), (wrong, of_wrong), (near, of_near) = seen
    assert {len(text) for text in (right, other, wrong, near)} == {9}
    assert sum(a != b for a, b in zip(right, near, strict=True)) == 1
    assert record.salt == of_wrong.salt == of_near.salt != second.salt


def test_one_character_always_changes():
    rng = random.Random(0)
    assert all(change_one_character("a", rng) != "a" for _ in range(300))


def test_the_report_says_that_the_cost_was_lowered():
    assert "8 KiB" in TextPasswords().settings
    assert "65536" in TextPasswords().settings
    assert "distribution" not in TextPasswords(memory_kib=65536, time=3).settings


@pytest.mark.parametrize(("key", "value"), [("length", 0), ("memory_kib", 1), ("time", 0)])
def test_values_out_of_range_are_refused(key, value):
    with pytest.raises(ConfigError):
        TextPasswords(**{key: value})


def test_many_keys_are_all_others_and_the_first_do_not_depend_on_their_number():
    passwords = TextPasswords()
    keys = passwords.many(0, "a", 4)
    assert keys.right == passwords.keys(0, "a").right
    assert len({keys.right, *keys.encryption, *keys.wrong}) == 9
    fewer = passwords.many(0, "a", 2)
    assert (fewer.encryption, fewer.wrong) == (keys.encryption[:2], keys.wrong[:2])
    assert passwords.many(1, "a", 1).encryption != keys.encryption[:1]
