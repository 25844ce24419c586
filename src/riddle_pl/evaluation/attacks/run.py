"""Runs the unfinished attacks, one encryptor after the other, and writes the table."""

import functools
import hashlib
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from omegaconf import DictConfig
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

import riddle_pl
from riddle_pl.config.check import to_plain
from riddle_pl.config.portable import portable_command
from riddle_pl.data.face_set import to_float
from riddle_pl.device import resolve_device
from riddle_pl.evaluation.attacks.build import Suite
from riddle_pl.evaluation.attacks.table import attack_table
from riddle_pl.evaluation.attacks.target import Faces, Target
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.evaluation.report.outputs import write_tables
from riddle_pl.evaluation.report.tables import Table
from riddle_pl.files import atomic_write, read_json, require_writable_dir, sha256_file, write_json
from riddle_pl.networks.encryptors.context_reader import SIDE
from riddle_pl.packs import Pack
from riddle_pl.photos.paste.mask import ParserMap
from riddle_pl.photos.without_face import without_face
from riddle_pl.process import track

VERSION = 5
"""Version of the attacks; cached figures and codes of older ones are recomputed."""
LOCAL = ("out", "quiet", "device")
"""Keys that do not affect figures."""

log = logging.getLogger(__name__)


def run_attacks(cfg: DictConfig, suite: Suite, arguments: Sequence[str] = ()) -> tuple[Table, list[Path]]:
    """Attacks every encryptor with every attack; figures in ``out`` of the same settings and networks are reused.

    Args:
        cfg: checked by :func:`riddle_pl.evaluation.attacks.build.check_job`.
        suite: the parts that it returned.
        arguments: of the command line, for the table.

    Returns:
        The table, and the files that hold it.

    Raises:
        RiddleError: a checked file is missing or damaged.
    """
    return _Run(cfg, suite).table(arguments)


class _Run:
    def __init__(self, cfg: DictConfig, suite: Suite):
        self.cfg = cfg
        self.plain = to_plain(cfg)
        self.suite = suite
        self.out = require_writable_dir(Path(cfg.out).expanduser(), "out", create=True)
        read = any(self.suite.pack.entry(role).args.get("context") for role in self.suite.encryptors)
        self.parsed = bool(read) or any("parser" in attack.roles for attack in self.suite.attacks.values())
        self.faces_key = _key(VERSION, self._about_faces())
        self.device = resolve_device(cfg.device)
        self.kept = FigureCache(self.out / "figures.json")

    def table(self, arguments: Sequence[str]) -> tuple[Table, list[Path]]:
        found: dict[str, dict[str, list[Measurement]]] = {role: self._encryptor(role) for role in self.suite.encryptors}
        notes = [
            f"`{portable_command('riddle-attack', arguments, LOCAL)}`, riddle-pl {riddle_pl.__version__}, pack "
            f"{self.suite.pack.name}, seed {self.cfg.seed}",
            *(
                f"{role}: {self.suite.pack.entry(role).arch}, sha256 {self.suite.pack.expected_sha256(role)}"
                for role in found
            ),
            f"Victims: {self.suite.people.total:,} people of {self.suite.people.name}, one photo each; attackers learn "
            f"on at most {self.cfg.public:,} of {', '.join(self.suite.archives.archives)} ({self.cfg.part}); "
            f"invert={self.suite.inversion.name}",
            *(f"{name}: {attack.has}" for name, attack in self.suite.attacks.items()),
        ]
        table = attack_table(found, notes)
        return table, write_tables([table], self.out)

    def _encryptor(self, role: str) -> dict[str, list[Measurement]]:
        """Figures by attack."""
        keys = {name: self._figures_key(role, name) for name in self.suite.attacks}
        if left := [name for name, key in keys.items() if key not in self.kept]:
            network, tokens = self.suite.pack.encryptor(role)
            target = Target(
                self._smallest().generator().to(self.device),
                network.to(self.device),
                tokens,
                functools.partial(self.suite.pack.load, "recogniser"),
                self.cfg.seed,
                self.cfg.resamples,
                self.cfg.batch_size,
            )
            faces = target.inside(self.faces)
            for name in left:
                started = time.monotonic()
                self.kept.put(keys[name], self.suite.attacks[name].run(target, faces))
                self._say(f"{role}, {name}: {time.monotonic() - started:.0f} s")
        if kept := [name for name in self.suite.attacks if name not in left]:
            self._say(f"{role}, {', '.join(kept)}: kept from before")
        return {name: self.kept[key] for name, key in keys.items()}

    def _smallest(self) -> Pack:
        """The pack at its smallest image size, for speed."""
        pack = self.suite.pack
        return pack.at(min(pack.manifest.sizes))

    @functools.cached_property
    def faces(self) -> Faces:
        """Codes of all faces, from ``out`` or by inversion."""
        path = self.out / "codes.safetensors"
        faces = _read_faces(path, self.faces_key)
        if faces is None:
            size = self.suite.pack.size
            people = self.suite.people
            keys, photos = zip(*people.held_out(self.cfg.seed, size), strict=True)
            others = {row: other for row, key in enumerate(keys) if (other := people.another(key)) is not None}
            archives = self.suite.archives
            x = torch.cat(photos)
            read = archives.train if self.cfg.part == "train" else archives.unseen
            public = to_float(read(size, self.cfg.public, self.cfg.seed).images)
            again = torch.cat([torch.empty(0, 3, size, size), *(people.load(key, size) for key in others.values())])
            faces = Faces(
                self._codes(x, "victims"),
                self._codes(public, "public faces"),
                self._codes(again, "other photos"),
                torch.tensor(list(others), dtype=torch.long),
                *(self._around(part) for part in (x, public, again)),
            )
            with atomic_write(path) as temporary:
                save_file(faces._asdict(), temporary, metadata={"key": self.faces_key})
        return Faces(*(part.to(self.device) for part in faces))

    def _around(self, x: Float[Tensor, "m 3 h h"]) -> Float[Tensor, "m 4 s s"]:
        """Photos without faces, if an attack needs them; else zeros."""
        if not self.parsed:
            return torch.zeros(len(x), 4, SIDE, SIDE)
        return without_face(x, ParserMap(self.suite.pack, self.device), SIDE, self.cfg.batch_size)

    def _codes(self, x: Float[Tensor, "m 3 h h"], what: str) -> Float[Tensor, "m n d"]:
        started, parts = time.monotonic(), x.split(self.cfg.batch_size)
        if not len(x):
            return torch.empty(0, self.suite.pack.num_layers, 512)
        codes = [self.suite.inversion(part).float() for part in track(parts, len(parts), what, self.cfg.quiet)]
        self._say(f"codes of {len(x):,} {what}: {time.monotonic() - started:.0f} s")
        return torch.cat(codes).contiguous()

    def _about_faces(self) -> list[Any]:
        """Everything that the codes depend on."""
        archives = self.suite.archives
        files = [self.suite.people.faces_path]
        files += [Path(archives.root).expanduser() / f"{name}.tar" for name in archives.archives]
        settings = {key: self.plain[key] for key in ("seed", "public", "part", "people", "faces", "batch_size")}
        invert = {key: value for key, value in self.plain["invert"].items() if key not in ("pack", "device")}
        parser = self.suite.pack.fingerprint("parser") if self.parsed else None
        hashes = [sha256_file(path) for path in files if path.is_file()]
        return [settings, invert, self.suite.inversion.fingerprint, self.suite.pack.size, parser, hashes]

    def _figures_key(self, role: str, name: str) -> str:
        pack, attack = self.suite.pack, self.suite.attacks[name]
        networks = pack.fingerprint(*pack.generator_roles, role, *attack.roles)
        return _key(VERSION, role, name, networks, self.faces_key, self.cfg.resamples, self.plain["attack"][name])

    def _say(self, line: str) -> None:
        if not self.cfg.quiet:
            print(line, file=sys.stderr, flush=True)


class FigureCache:
    """Cache of figures by key, in a JSON file that may be deleted at any time.

    Args:
        path: of the file; an unreadable one is ignored.
    """

    def __init__(self, path: Path):
        self.path = path
        self._figures: dict[str, list[Measurement]] = {}
        try:
            self._figures = {
                key: [Measurement(**{"section": ""} | row) for row in rows] for key, rows in read_json(path).items()
            }
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("%s is damaged (%s); its figures are computed again", path, error)

    def __contains__(self, key: str) -> bool:
        return key in self._figures

    def __getitem__(self, key: str) -> list[Measurement]:
        return self._figures[key]

    def put(self, key: str, figures: list[Measurement]) -> None:
        """Adds figures and writes the file."""
        self._figures[key] = figures
        rows = {key: [asdict(figure) for figure in kept] for key, kept in self._figures.items()}
        write_json(self.path, rows)


def _read_faces(path: Path, key: str) -> Faces | None:
    """The codes in a file, if they have this key."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}).get("key") != key:
                return None
            return Faces(*(file.get_tensor(name) for name in Faces._fields))
    except (OSError, SafetensorError) as error:
        log.warning("%s is damaged (%s); its codes are found again", path, error)
        return None


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
