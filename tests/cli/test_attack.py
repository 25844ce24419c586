"""If this fails, `riddle-attack` loses figures, gives those of other networks, or greets a mistake with a traceback."""

import json
import shutil

import pytest

from riddle_pl.cli import attack as command
from riddle_pl.config import check_config, compose_jobs
from riddle_pl.evaluation.attacks.build import build_suite
from tests.cli.hydra_command import run_command
from tests.evaluation.fakes import write_lfw
from tests.pretraining.archives import face_archive

SMALL = (
    "data.root=data",
    "people.faces=faces",
    "people.count=12",
    "faces.archives=[faces]",
    "faces.held_out=0.3",
    "attack.known_face={photos: 2, others: 1, steps: 2, strangers: 6}",
    "attack.guesses={components: 4, records: 4, guesses: 5}",
    "attack.guesses.training={components: 4, width: 8, steps: 3, batch: 4, wrong: 1}",
    "attack.pictures={components: 4, channels: 2, records: 4, guesses: 5}",
    "attack.pictures.training={steps: 3, batch: 4, wrong: 1}",
    "attack.reading={components: 4, width: 8, steps: 3, batch: 4, passwords: 1}",
    "attack.near_miss.records=2",
    "attack.intersection={records: 2, guesses: 3}",
    "attack.dictionary={size: 20, faces: 2, records: 4, guesses: 5, repeats: 1}",
    "attack.dictionary.training={components: 4, width: 8, steps: 3, batch: 4, wrong: 1}",
)


@pytest.fixture
def riddle_attack(tmp_path, tiny_pack_folder, capfd, monkeypatch):
    """`riddle_attack("attack=linkage")` in a folder with `data` and a pack."""
    write_lfw(tmp_path / "data", people=12)
    face_archive(tmp_path / "data")
    shutil.copytree(tiny_pack_folder, tmp_path / "pack")
    monkeypatch.chdir(tmp_path)

    def run(*overrides):
        settings = ["pack=./pack", "out=report", "device=cpu", "resamples=20"]
        return run_command(command.main, ["riddle-attack", *settings, *overrides], capfd, monkeypatch)

    return run


def test_every_attack_on_every_encryptor_and_nothing_twice(riddle_attack, tmp_path):
    status, out, err = riddle_attack(*SMALL)
    assert status == 0, err
    assert "encryptor-df, guesses:" in err
    report = tmp_path / "report"
    assert out.splitlines()[:30] == (report / "attacks.md").read_text().splitlines()[:30]
    assert {path.name for path in report.iterdir()} >= {"attacks.csv", "attacks.json", "figures.json"}
    table = json.loads((report / "attacks.json").read_text())
    assert [*dict.fromkeys(line["attack"] for line in table["lines"])] == [
        "linkage",
        "reading",
        "known_face",
        "guesses",
        "pictures",
        "near_miss",
        "intersection",
        "dictionary",
    ]
    first = next(line for line in table["lines"] if line["figure"].endswith("by the code itself: first"))
    assert (first["chance"], first["in clear"]) == ("0.0833", "1.0000")
    assert 0 <= first["encryptor-df"]["low"] <= first["encryptor-df"]["value"] <= first["encryptor-df"]["high"] <= 1
    pairs = next(line for line in table["lines"] if "lengths of the pairs" in line["figure"])
    assert (pairs["encryptor"], pairs["encryptor-df"]["value"]) == (None, 1.0)
    assert any(note.startswith("`riddle-attack pack") for note in table["notes"])

    status, again, err = riddle_attack(*SMALL)
    assert (status, again) == (0, out)
    all_of_them = "linkage, reading, known_face, guesses, pictures, near_miss, intersection, dictionary"
    assert err.splitlines() == [f"{role}, {all_of_them}: kept from before" for role in ("encryptor", "encryptor-df")]
    status, _, err = riddle_attack(*SMALL, "encryptors=[encryptor-df]", "attack.near_miss.records=3")
    assert status == 0
    assert [line.partition(":")[0] for line in err.splitlines()] == [
        "encryptor-df, near_miss",
        "encryptor-df, linkage, reading, known_face, guesses, pictures, intersection, dictionary",
    ]


def test_what_was_damaged_is_made_again(riddle_attack, tmp_path):
    chosen = (*SMALL[:5], "attack=[near_miss]", "attack.near_miss.records=2", "encryptors=[encryptor]", "quiet=true")
    assert riddle_attack(*chosen) == (0, "", "")
    report = tmp_path / "report"
    before = (report / "attacks.json").read_bytes()
    for name in ("figures.json", "codes.safetensors"):
        (report / name).write_bytes(b"[1")
    assert riddle_attack(*chosen)[0] == 0
    assert (report / "attacks.json").read_bytes() == before


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (("attack=[linkag]", "data.root=data"), "did you mean 'linkage'"),
        ((), "data.root has no value"),
        ((*SMALL, "encryptors=[encryptr]"), "did you mean 'encryptor'"),
        ((*SMALL, "encryptors=[parser]"), "encryptors=parser is no encryptor of pack"),
        ((*SMALL, "part=test"), "part=test; choose from train, held_out"),
        ((*SMALL, "resamples=0"), "resamples=0; expected a whole number of at least 1"),
        ((*SMALL, "attack.near_miss.record=3"), "did you mean 'records'"),
        ((*SMALL, "attack.near_miss.records=0"), "attack.near_miss.records=0; give at least 1"),
        ((*SMALL, "attack.near_miss.records=13"), "attack.near_miss needs 13"),
        ((*SMALL, "faces.archives=[none]"), "none.tar does not exist"),
        ((*SMALL, "people.count=13"), "needs as many"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(riddle_attack, tmp_path, overrides, expected):
    status, out, err = riddle_attack(*overrides)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1, err
    assert expected in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "pack"]


def test_help_shows_examples_and_attacks(riddle_attack):
    status, out, _ = riddle_attack("--help")
    assert status == 0
    assert "riddle-attack data.root=FOLDER" in out
    assert "attack: dictionary, guesses, intersection, known_face, linkage, near_miss, pictures, reading" in out


def test_guesses_and_dictionary_share_their_network():
    [cfg] = compose_jobs("attack", ["data.root=x"])
    check_config(cfg)
    attacks = build_suite(cfg).attacks
    assert list(attacks) == [
        "linkage",
        "reading",
        "known_face",
        "guesses",
        "pictures",
        "near_miss",
        "intersection",
        "dictionary",
    ]
    assert attacks["guesses"].training == attacks["dictionary"].training
