"""If this fails, a slip of the pen is answered after seconds, or a long job does not say how far it is."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from riddle_pl.cli.background import InBackground
from riddle_pl.cli.options import check_names
from riddle_pl.errors import ConfigError, PackError
from riddle_pl.pack_names import EMBEDDED, MANIFEST_NAME
from tests.photos.fakes import fake_photo

REFUSED = {
    "encrypt photo.png --mode sealled": "choose from deniable, sealed",
    "encrypt photo.png --moed sealed": "--moed",
    "encrypt missing.jpg": "missing.jpg does not exist",
    "encrypt photo.png --only anna": "--only anna",
    "encrypt photo.png --pack lit": "did you mean 'lite'?",
    "encrypt photo.png --device gpu": "choose from auto, cpu",
    "encrypt photo.png --set mask=ovl": "mask=ovl is unknown",
    "encrypt photo.png --set gate.min_face=abc": "gate.min_face=abc; expected 0 or more pixels",
    "encrypt photo.png --set gate.min_face=-1": "gate.min_face=-1; expected 0 or more pixels",
    "encrypt photo.png --set gate.max_similarity=2": "gate.max_similarity=2; expected a cosine",
    "encrypt photo.png --set nonce.candidates=1": "nonce.candidates=1; expected a whole number of at least 2",
    "encrypt photo.png --set face_detector.min_face=5": "face_detector.min_face=5; expected a whole number",
    "encrypt photo.png --set invert.steps=0": "invert.steps=0; expected a whole number of at least 1",
    "encrypt photo.png --set invert.learning_rate=0": "invert.learning_rate=0; expected a number above 0",
    "encrypt photo.png --set mask=oval --set mask.size=0": "mask.size=0; expected a whole number of at least 8",
    "encrypt photo.png --pack-size 100 --pack mobile": "draws images of 128, 256 or 1024 px",
    "encrypt photo.png --pack-size 100": "size=100",
    "encrypt photo.png --pack nothing/here": "manifest.json is missing",
    "encrypt photo.png --encryptor NOSUCH": "has no 'NOSUCH'",
    "encrypt photo.png --pack lite --encryptor encryptor-dff": "did you mean 'encryptor-df'?",
    "encrypt photo.png --pack lite --encryptor parser": "parser of pack lite is no encryptor; choose encryptor,",
    "encrypt photo.png --pack ffhq256": "(generator) is missing",
    "encrypt photo.png --on-failure stop": "choose from error, solid, skip",
    "encrypt photo.png --batch-size 0": "--batch-size",
    "encrypt photo.png --jobs many": "--jobs",
    "encrypt photo.png --max-size 1": "--max-size",
    "encrypt photo.png --part 3/2": "expected I/N",
    "encrypt photo.png --part 0/2": "--part 0/2 is for .tar archives",
    "encrypt photo.png --embed --archive a.zip": "choose one",
    "encrypt photo.png --record a.riddle --embed": "leave it out",
    "encrypt photo.png --suffix a/b": "--suffix",
    "encrypt shard.tar --json r.json -o out": "--json is for photos in files",
    "encrypt shard.tar": "-o is missing",
    "encrypt photo.png --set nonce.candidate=4": "did you mean 'candidates'?",
    "encrypt photo.png --not-a-face anna": "--not-a-face anna",
    "encrypt photo.png --face-password-file anna.txt": "expected INDEX=FILE",
    "encrypt photo.png --password-file secret.txt --password-stdin": "choose one",
    "encrypt photo.png --suffix _safe.gif": "choose .png",
    "encrypt photo.png --quality 0": "--quality",
    "encrypt photo.png --password-file missing": "password file missing does not exist",
    "encrypt photo.png -o there.png": "there.png is nothing that riddle wrote",
    "decrypt missing.riddle": "missing.riddle does not exist",
    "decrypt photo.png --face-only --image photo.png": "choose one",
    "decrypt a.riddle --password-file missing": "password file missing does not exist",
    "decrypt a.riddle --face-password-file 1=missing": "password file missing does not exist",
    "decrypt photo.png --pack lit": "did you mean 'lite'?",
    "decrypt photo.png --pack lite --pack-size 100": "size=100",
    "decrypt photo.png --pack-size 100": "--pack-size 100: no pack draws this size; choose 64, 128, 256, 1024",
    "decrypt photo.png --device gpu": "choose from auto, cpu",
    "decrypt photo.png --only anna": "--only anna",
    "decrypt photo.png --set mask.size=0 --set mask=oval": "mask.size=0",
    "decrypt photo.png --part 0/2": "--part 0/2 is for .tar archives",
    "decrypt photo.png --image nowhere.png": "nowhere.png",
    "decrypt photo.png": "photo.png",
    "decrypt shard.tar": "-o is missing",
    "rekey photo.png --pack lit": "did you mean 'lite'?",
    "rekey photo.png --replace -o new.riddle": "choose one",
    "rekey photo.png --only anna": "--only anna",
    "rekey missing.riddle": "missing.riddle does not exist",
    "rekey a.riddle --new-password-file missing": "password file missing does not exist",
    "preview photo.png --pack-size 100": "size=100",
    "preview photo.png --encryptor NOSUCH": "has no 'NOSUCH'",
    "preview photo.png --set gate.min_face=-1": "gate.min_face=-1",
    "preview missing.jpg": "missing.jpg does not exist",
    "preview photo.png -o there.png": "there.png exists already",
    "measure photo.png --pack lit": "did you mean 'lite'?",
    "measure photo.png --pack-size 100": "size=100",
    "measure photo.png --encryptor NOSUCH": "has no 'NOSUCH'",
    "measure photo.png --count 0": "--count",
    "measure photo.png --calibrate-on nowhere": "nowhere does not exist",
    "measure missing": "missing does not exist",
    "demo --pack lit": "did you mean 'lite'?",
    "demo --steps -1": "--steps",
    "invert shard.tar -o codes --pack lit": "did you mean 'lite'?",
    "invert shard.tar -o codes --pack-size 100": "size=100",
    "invert shard.tar -o codes --inversion refined": "choose from encoder, refine, optimise",
    "invert shard.tar -o codes --device gpu": "choose from auto, cpu",
    "invert shard.tar -o codes --part 2/2": "expected I/N",
    "invert photo.png -o codes": "photo.png is no .tar archive",
    "completion csh": "csh",
    "man --bogus": "--bogus",
    "inspect missing.riddle": "missing.riddle",
    "doctor --bogus": "--bogus",
    "tables missing": "missing does not exist",
    "export lit -o files": "did you mean 'lite'?",
    "export lite -o files --pack-size 100": "size=100",
    "export lite -o files --role NOSUCH": "NOSUCH cannot be exported; pack lite has generator,",
    "packs show lit": "did you mean 'lite'?",
    "packs new mine --from lit": "did you mean 'lite'?",
    "packs copy lit mine": "did you mean 'lite'?",
    "packs add nowhere encryptor a.ckpt": "manifest.json is missing",
    "packs share nowhere a.zip": "nowhere",
    "packs share ./lite there.png": "there.png exists already; --force replaces it",
    "packs open nowhere.zip mine": "nowhere.zip",
    "weights fetch NOSUCH --pack mobile": "has no 'NOSUCH'",
    "weights import NOSUCH photo.png --pack ffhq256": "has no 'NOSUCH'",
    "weights import-folder nowhere --pack ffhq256": "nowhere is no folder",
    "weights list --pack lit": "did you mean 'lite'?",
    "weights verify --pack lit": "did you mean 'lite'?",
    "weights fetch --pack lit": "did you mean 'lite'?",
    "train loss=involutiv": "loss=involutiv is unknown",
    "train stepz=3": "did you mean 'steps'?",
    "train steps=abc": "steps=abc does not fit",
    "train steps=0": "steps=0; expected a whole number of at least 1",
    "train batch_size=0": "batch_size=0",
    "train val_every=-1": "val_every=-1",
    "train device=gpu": "choose from auto, cpu",
    "train pack=lit": "pack=lit is unknown",
    "train pack=nothing/here": "manifest.json is missing",
    "train pack=mobile pack.size=100": "size=100",
    "train matmul_precision=low": "choose from highest, high, medium",
    "train trainer.accelerator=tpu": "choose from auto, cpu, gpu",
    "train ckpt_path=nowhere.ckpt": "ckpt_path nowhere.ckpt does not exist",
    "train start_ckpt=nowhere.ckpt": "start_ckpt nowhere.ckpt does not exist",
    "train start_pack=nothing/here": "manifest.json is missing",
    "train experiment=riddle": "data.root has no value",
    "train experiment=riddle data.root=nowhere": "data.root=nowhere does not exist",
    "eval": "data.root has no value",
    "eval data.root=nowhere": "data.root=nowhere does not exist",
    "eval data.root=. far=2": "far=2.0; expected a false-accept rate",
    "eval data.root=. resamples=0": "resamples=0",
    "eval data.root=. diversity.passwords=1": "diversity.passwords=1",
    "eval data.root=. device=gpu": "choose from auto, cpu",
    "eval data.root=. pack=nothing/here": "manifest.json is missing",
    "eval data.root=. part=2/2": "expected I/N",
    "eval data.root=. out=photo.png/report": "photo.png is a file",
    "eval data.root=. invert=refine invert.steps=0": "invert.steps=0",
    "pretrain": "data.root has no value",
    "pretrain data.root=. recipe.steps=0": "recipe.steps=0",
    "pretrain data.root=. recipe.batch=0": "recipe.batch=0",
    "pretrain data.root=. checkpoint_every=0": "checkpoint_every=0",
    "pretrain data.root=. threads=0": "threads=0",
    "pretrain data.root=nowhere": "data.root=nowhere does not exist",
    "audit audit=encoder data.root=nowhere": "data.root=nowhere does not exist",
    "audit audit=encoder data.root=. resamples=0": "resamples=0",
    "audit audit=encoder data.root=. device=gpu": "choose from auto, cpu",
    "audit audit=encoder data.root=. pack=nothing/here": "manifest.json is missing",
    "attack data.root=nowhere": "data.root=nowhere does not exist",
    "attack data.root=. part=test": "part=test; choose from train, held_out",
    "attack data.root=. public=1": "public=1",
    "attack data.root=. batch_size=0": "batch_size=0",
    "ablation train_root=. eval_root=. experiments=[nosuch]": "experiment=nosuch is unknown",
    "ablation train_root=. eval_root=. seeds=[]": "give at least one of each",
    "eval method=pak": "method=pak is unknown",
    "pretrain recipe=generater": "recipe=generater is unknown",
    "audit audit=encryptr": "audit=encryptr is unknown",
    "attack attack=linkag": "attack=linkag is unknown",
    "ablation sed=1": "sed is unknown",
}
"""Command lines of ``riddle`` and of ``riddle-train`` and its like, and words of their errors."""
RECORD = next((Path(__file__).parents[1] / "golden" / "records").rglob("*.riddle"))
RUN = """
import sys
from importlib import import_module
from riddle_pl.cli import background
from riddle_pl.cli.verbs import VERBS
def starts(self, work):
    raise AssertionError("networks are loaded before it is refused")
background.InBackground.__init__ = starts
for line in sys.stdin.read().splitlines():
    first, *rest = line.split()
    sys.argv = ["riddle", first, *rest] if first in VERBS else [f"riddle-{first}", *rest]
    try:
        import_module("riddle_pl.cli." + ("app" if first in VERBS else first)).main()
    except SystemExit as stop:
        print("status", stop.code, file=sys.stderr)
    heavy = {"torch", "scipy", "pytorch_lightning", "skimage"} & set(sys.modules)
    print("imported", *sorted(heavy), file=sys.stderr)
    print(end="~~~\\n", file=sys.stderr)
"""
END = "~~~\n"


def test_what_can_be_refused_is_refused_before_networks_are_imported(tmp_path: Path) -> None:
    Image.fromarray(fake_photo()).save(tmp_path / "photo.png")
    (tmp_path / "there.png").write_bytes((tmp_path / "photo.png").read_bytes())
    shutil.copy(RECORD, tmp_path / "a.riddle")
    (tmp_path / "lite").mkdir()
    shutil.copy(EMBEDDED["lite"] / MANIFEST_NAME, tmp_path / "lite")
    (tmp_path / "shard.tar").write_bytes(bytes(1024))
    done = subprocess.run(
        [sys.executable, "-c", RUN], input="\n".join(REFUSED), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    told = done.stderr.split(END)
    assert len(told) == len(REFUSED) + 1, done.stderr
    for (command, expected), text in zip(REFUSED.items(), told, strict=False):
        *_, error, status, imported = text.splitlines()
        assert error.startswith("error: "), (command, text)
        assert expected in error, (command, text)
        assert (status, imported) == ("status 2", "imported"), (command, text)


def test_settings_are_held_to_what_a_padded_encryptor_chooses() -> None:
    """It brings ``nonce=best_fit``, whose settings are no typing error."""
    check_names("lite", "cpu", ["nonce.candidates=4"])
    check_names("lite", "cpu", ["mask=oval", "mask.size=32", "gate.max_similarity=0.3"])
    with pytest.raises(ConfigError, match="nonce has no 'candidates'"):
        check_names("lite", "cpu", ["nonce=any", "nonce.candidates=4"])


def test_the_password_is_asked_for_while_the_networks_are_loaded(riddle, monkeypatch) -> None:
    asked, loaded = threading.Event(), []
    work = InBackground._run

    def waits(self: "InBackground[object]") -> None:
        loaded.append(asked.wait(60))  # would wait for ever if it came first
        work(self)

    def ask(_question: str) -> str:
        asked.set()
        return "correct horse"

    monkeypatch.setattr(InBackground, "_run", waits)
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
        InBackground(fails).result()
    assert InBackground(lambda: 3).result() == 3


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

    monkeypatch.setattr(f"riddle_pl.cli.{verb}_job.track", interrupted)
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
