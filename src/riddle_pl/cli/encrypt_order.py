"""What ``riddle encrypt`` was asked for."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from riddle_pl.packs import Pack, choose_pack
from riddle_pl.photos.choices import Faces, OnFailure, parse_faces, parse_indices


@dataclass(frozen=True)
class EncryptJob:
    """The options of ``riddle encrypt``, under their own names; see its help.

    Raises:
        ConfigError: a value of --only, --except or --not-a-face names no face.
    """

    photos: tuple[Path, ...]
    out: Path | None
    record: Path | None
    archive: Path | None
    embed: bool
    only: tuple[str, ...]
    without: tuple[str, ...]
    not_faces: tuple[str, ...]
    mode: str
    linkable: bool
    on_failure: OnFailure
    pack: str | None
    pack_size: int | None
    encryptor: str | None
    settings: tuple[str, ...]
    device: str
    batch_size: int
    jobs: int
    password_file: Path | None
    password_stdin: bool
    face_password_files: tuple[str, ...]
    note: bool
    report: Path | None
    force: bool
    keep_time: bool
    suffix: str
    quality: int | None
    max_size: int | None
    quiet: bool
    part: str | None = None

    def __post_init__(self) -> None:
        _ = self.chosen  # refused before the networks are imported

    @cached_property
    def chosen(self) -> tuple[Faces, Faces, frozenset[int]]:
        """The faces of --only and --except, and the indices of --not-a-face."""
        only, without = parse_faces(self.only, "--only"), parse_faces(self.without, "--except")
        return only, without, parse_indices(self.not_faces, "--not-a-face")


DESCRIBED = (
    "mode",
    "linkable",
    "only",
    "without",
    "not_faces",
    "pack_size",
    "encryptor",
    "settings",
    "note",
    "quality",
    "max_size",
)
"""Options that decide what a picture becomes."""


def described_job(job: EncryptJob, pack: Pack | None = None) -> dict[str, Any]:
    """All that decides what a picture becomes, but for the photo and the passwords."""
    pack = choose_pack(job.pack, job.pack_size) if pack is None else pack
    values = {name: getattr(job, name) for name in DESCRIBED}
    return {**values, "pack": pack.name, "generator": pack.fingerprint("generator")}
