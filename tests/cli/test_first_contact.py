"""If this fails, a slip of the pen is answered after seconds, or a long job does not say how far it is."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from riddle_pl.cli.meanwhile import Meanwhile
from riddle_pl.cli.options import check_names
from riddle_pl.errors import ConfigError, PackError
from tests.photos.fakes import fake_photo

REFUSED = {
    "encrypt photo.png --mode sealled": "choose from deniable, sealed",
    "encrypt photo.png --moed sealed": "--moed",
    "encrypt missing.jpg": "missing.jpg does not exist",
    "encrypt photo.png --only anna": "--only anna",
    "encrypt photo.png --pack lit": "did you mean 'lite'?",
    "encrypt photo.png --device gpu": "choose from auto, cpu",
    "encrypt photo.png --set mask=ovl": "mask=ovl is unknown",
    "encrypt photo.png --set gate.min_face=abc": "gate.min_face=abc is a str; expected a number, such as 24.0",
    "encrypt photo.png --set nonce.candidate=4": "did you mean 'candidates'?",
    "encrypt photo.png --not-a-face anna": "--not-a-face anna",
    "encrypt photo.png --face-password-file anna.txt": "expected INDEX=FILE",
    "encrypt photo.png --password-file secret.txt --password-stdin": "choose one",
    "encrypt photo.png --suffix _safe.gif": "choose .png",
    "encrypt photo.png --quality 0": "--quality",
    "encrypt photo.png --password-file missing": "password file missing does not exist",
    "encrypt photo.png -o there.png": "there.png exists already",
    "decrypt missing.riddle": "missing.riddle does not exist",
    "decrypt photo.png --face-only --image photo.png": "choose one",
    "decrypt photo.png --password-file missing": "password file missing does not exist",
    "decrypt photo.png --face-password-file 1=missing": "password file missing does not exist",
    "rekey missing.riddle": "missing.riddle does not exist",
    "rekey photo.png --new-password-file missing": "password file missing does not exist",
    "preview missing.jpg": "missing.jpg does not exist",
    "preview photo.png -o there.png": "there.png exists already",
    "measure photo.png --pack lit": "did you mean 'lite'?",
    "measure missing": "missing does not exist",
    "demo --pack lit": "did you mean 'lite'?",
    "tables missing": "missing does not exist",
    "export lit -o files": "did you mean 'lite'?",
    "packs show lit": "did you mean 'lite'?",
    "weights fetch --pack lit": "did you mean 'lite'?",
    "train loss=involutiv": "loss=involutiv is unknown",
    "train stepz=3": "did you mean 'steps'?",
    "train steps=abc": "steps=abc does not fit",
    "eval method=pak": "method=pak is unknown",
    "pretrain recipe=generater": "recipe=generater is unknown",
    "audit audit=encryptr": "audit=encryptr is unknown",
    "attack attack=linkag": "attack=linkag is unknown",
    "ablation sed=1": "sed is unknown",
}
"""Command lines of ``riddle`` and of ``riddle-train`` and its like, and words of their errors."""
RUN = """
import sys
from importlib import import_module
from riddle_pl.cli import meanwhile
from riddle_pl.cli.verbs import VERBS
def starts(self, work):
    raise AssertionError("networks are loaded before it is refused")
meanwhile.Meanwhile.__init__ = starts
for line in sys.stdin.read().splitlines():
    first, *rest = line.split()
    sys.argv = ["riddle", first, *rest] if first in VERBS else [f"riddle-{first}", *rest]
    try:
        import_module("riddle_pl.cli." + ("app" if first in VERBS else first)).main()
    except SystemExit as stop:
        print("status", stop.code, file=sys.stderr)
    heavy = {"torch", "scipy", "pytorch_lightning", "skimage"} & set(sys.modules)
    print("imported", *sorted(heavy), file=sys.stderr)
"""


def test_what_can_be_refused_is_refused_before_networks_are_imported(tmp_path: Path) -> None:
    Image.fromarray(fake_photo()).save(tmp_path / "photo.png")
    (tmp_path / "there.png").write_bytes((tmp_path / "photo.png").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", RUN], input="\n".join(REFUSED), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    assert len(lines) == 3 * len(REFUSED), done.stderr
    for number, (command, expected) in enumerate(REFUSED.items()):
        error, status, imported = lines[3 * number : 3 * number + 3]
        assert error.startswith("error: "), command
        assert expected in error, command
        assert (status, imported) == ("status 2", "imported"), command


def test_settings_are_held_to_what_a_padded_encryptor_chooses() -> None:
    """It brings ``nonce=best_fit``, whose settings are no typing error."""
    check_names("mobile", "cpu", ["nonce.candidates=4"])
    check_names("lite", "cpu", ["mask=oval", "mask.size=32", "gate.max_similarity=0.3"])
    with pytest.raises(ConfigError, match="nonce has no 'candidates'"):
        check_names("mobile", "cpu", ["nonce=any", "nonce.candidates=4"])


def test_the_password_is_asked_for_while_the_networks_are_loaded(riddle, monkeypatch) -> None:
    asked, loaded = threading.Event(), []
    work = Meanwhile._run

    def waits(self: "Meanwhile[object]") -> None:
        loaded.append(asked.wait(60))  # would wait for ever if it came first
        work(self)

    def ask(_question: str) -> str:
        asked.set()
        return "correct horse"

    monkeypatch.setattr(Meanwhile, "_run", waits)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", ask)
    assert riddle("encrypt", "photo.png", "--pack", riddle.pack).status == 0
    asked.clear()
    assert riddle("decrypt", "photo_anonymised.riddle", "--pack", riddle.pack).status == 0
    assert loaded == [True, True]


def test_what_goes_wrong_meanwhile_is_told() -> None:
    def fails() -> None:
        raise PackError("it is damaged")

    with pytest.raises(PackError, match="it is damaged"):
        Meanwhile(fails).result()
    assert Meanwhile(lambda: 3).result() == 3


@pytest.mark.parametrize("verb", ["encrypt", "decrypt"])
def test_ctrl_c_says_what_is_done_and_how_to_go_on(riddle, monkeypatch, verb: str) -> None:
    Path("photos").mkdir()
    for index in range(3):
        Image.fromarray(fake_photo(index)).save(f"photos/{index}.png")
    args = ["--batch-size", "1", "--jobs", "1"]
    if verb == "decrypt":
        assert riddle.encrypt("photos", "-o", "safe").status == 0
        args = []
    done: list[int] = []

    def interrupted(items, *_args):  # type: ignore[no-untyped-def]
        for item in items:
            if done:
                raise KeyboardInterrupt
            done.append(1)
            yield item

    module = "encrypt_work" if verb == "encrypt" else "decrypt_job"
    monkeypatch.setattr(f"riddle_pl.cli.{module}.track", interrupted)
    source, out = ("photos", "safe") if verb == "encrypt" else ("safe", "back")
    call = riddle.encrypt if verb == "encrypt" else riddle.decrypt
    result = call(source, "-o", out, *args)
    assert result.status == 130
    assert result.err.splitlines()[-1].startswith("interrupted: ")
    assert "of 3 p" in result.err
    assert "run the same command again for the rest" in result.err


def test_help_names_no_type_of_python(riddle, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    for verb in ("encrypt", "decrypt", "weights"):
        shown = riddle(verb, "--help").out
        assert "--quiet" in shown or "verify" in shown
        assert not any(odd in shown for odd in ("<bool>", "<str>", "list[", "<path>"))
