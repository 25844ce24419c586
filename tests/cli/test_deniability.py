"""If this fails, what `riddle` prints, writes beside the face, or takes time for tells a right password of a deniable
record from a wrong one. (The recovered code itself does, with today's encryptors: docs/security.md.)"""

import sys
from pathlib import Path

import pytest

from riddle_pl.photos.record import file as record_file
from tests.cli.riddle_command import pixels

GUESSES = {"right": "correct horse\n", "near": "correct horsf\n", "other": "battery staple and much more than that\n"}


@pytest.fixture
def encrypted(riddle):
    """A deniable record beside its picture, and files with a right and two wrong passwords."""
    for name, password in GUESSES.items():
        Path(name).write_text(password)
    assert riddle.encrypt("photo.png", "--encryptor", "encryptor-df", "--linkable").status == 0
    Path("folder").mkdir()
    for suffix in (".png", ".riddle"):
        Path(f"folder/photo_anonymised{suffix}").write_bytes(Path(f"photo_anonymised{suffix}").read_bytes())
    return riddle


CASES = {
    "in place": ("photo_anonymised.riddle",),
    "face only": ("photo_anonymised.riddle", "--face-only"),
    "folder": ("folder",),
}


@pytest.mark.parametrize("case", CASES)
def test_no_output_tells(encrypted, case):
    before = {name: Path(name).read_bytes() for name in encrypted.files()}
    seen, pictures = {}, {}
    for guess in GUESSES:
        result = encrypted.decrypt(*CASES[case], "-o", "out.png" if case != "folder" else "out", password=guess)
        made = encrypted.files() - set(before)
        (name,) = made
        seen[guess] = (result.status, result.out, result.err, name)
        pictures[guess] = pixels(name)
        Path(name).unlink()
    assert seen["right"][0] == 0, seen["right"]
    assert seen["right"] == seen["near"] == seen["other"]
    assert {name: Path(name).read_bytes() for name in encrypted.files()} == before
    assert pictures["right"].shape == pictures["near"].shape
    assert (pictures["right"] != pictures["near"]).any()


def trace(riddle, *args: str, password: str) -> list[tuple[str, int]]:
    """Every function of the package that a command calls, in order: what its time and its side effects come from."""
    calls = []

    def note(frame, event, _argument):
        code = frame.f_code
        if event == "call" and "riddle_pl" in code.co_filename:
            calls.append((code.co_qualname if hasattr(code, "co_qualname") else code.co_name, code.co_firstlineno))

    sys.setprofile(note)
    try:
        assert riddle.decrypt(*args, password=password).status == 0
    finally:
        sys.setprofile(None)
    return calls


def test_right_and_wrong_take_the_same_way(encrypted):
    ways = []
    for guess in ("other", "right", "near"):  # the first one warms caches up
        ways.append(trace(encrypted, "photo_anonymised.riddle", "-o", f"{guess}.png", password=guess))
    assert len(ways[1]) > 50
    assert ways[1] == ways[2]


def test_records_of_two_passwords_differ_in_the_code_alone(encrypted):
    contents = {}
    for guess in GUESSES:
        name = f"of-{guess}.riddle"
        args = ("--record", name, "-o", f"of-{guess}.png", "--linkable")
        assert encrypted.encrypt("photo.png", *args, password=guess).status == 0
        contents[guess] = Path(name).read_bytes()
    assert len({len(content) for content in contents.values()}) == 1
    headers, arrays = zip(*(record_file.decode(content) for content in contents.values()), strict=True)
    assert headers[0] == headers[1] == headers[2]
    for other in arrays[1:]:
        assert set(other) == set(arrays[0]) == {"w_enc", "quads", "grid", "points"}
        for name in ("quads", "grid", "points"):
            assert (other[name] == arrays[0][name]).all(), name
        assert (other["w_enc"] != arrays[0]["w_enc"]).any()
    inspected = [encrypted("inspect", f"of-{guess}.riddle").out.replace(f"of-{guess}", "of") for guess in GUESSES]
    assert len({" ".join(text.split()) for text in inspected}) == 1
