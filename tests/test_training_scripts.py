"""If this fails, a script that trains stops at a command that the package no longer understands."""

import os
import shlex
import subprocess
from pathlib import Path

from riddle_pl.config import compose_jobs

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


def commands(folder: Path, script: str, *arguments: str) -> list[list[str]]:
    """What a script runs, with programs in place of ours that only write down how they are called."""
    programs, log = folder / "programs", folder / "log"
    programs.mkdir(exist_ok=True)
    for name in ("riddle-pretrain", "riddle-train", "riddle-eval"):
        program = programs / name
        program.write_text(f'#!/usr/bin/env bash\nprintf "%q " {name} "$@" >> {shlex.quote(str(log))}\necho >> {log}\n')
        program.chmod(0o755)
    log.write_text("")
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["bash", str(SCRIPTS / script), *arguments], cwd=folder, env={**os.environ, "PATH": path}, check=True
    )
    return [shlex.split(line) for line in log.read_text().splitlines()]


def test_every_command_composes_and_all_roles_are_made(tmp_path: Path) -> None:
    made = []
    for program, *overrides in commands(tmp_path, "lite_pack.sh", "faces", "teacher.ckpt", "pack"):
        [cfg] = compose_jobs(program.removeprefix("riddle-"), overrides)
        assert cfg.export == "pack"
        made.append(cfg.get("export_role") or dict(text.split("=", 1) for text in overrides)["recipe"])
    assert made == [
        "generator",
        "generator_adversarial",
        "recogniser",
        "encoder",
        "parser",
        "recentred",
        "encryptor-df",
        "encryptor",
    ]


def test_an_encryptor_that_was_begun_goes_on(tmp_path: Path) -> None:
    last = tmp_path / "runs" / "encryptor_df" / "checkpoints" / "last.ckpt"
    last.parent.mkdir(parents=True)
    last.touch()
    ran = commands(tmp_path, "lite_pack.sh", "f", "t", "p")
    again = [command for command in ran if "ckpt_path=runs/encryptor_df" in str(command)]
    assert [command[0] for command in again] == ["riddle-train"]


def test_without_its_arguments_it_says_what_they_are(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", str(SCRIPTS / "lite_pack.sh")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "FACES" in done.stdout
