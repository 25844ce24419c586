"""A model pack: frozen networks that belong together, verified by hash and loaded by role.

A pack is a folder; entries may also refer to files of a built-in pack, or to downloads.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from riddle_pl.errors import PackError, did_you_mean
from riddle_pl.files import sha256_file
from riddle_pl.pack_names import EMBEDDED
from riddle_pl.packs.architectures import ENCRYPTORS, current_name
from riddle_pl.packs.manifest import Manifest, WeightEntry
from riddle_pl.packs.store import download_path, pack_folder

if TYPE_CHECKING:
    from torch import nn

    from riddle_pl.networks.generator import FaceGenerator
    from riddle_pl.password import PasswordTokens

PADDED, USUAL = "encryptor-padded", "encryptor"
"""Roles of the encryptors that photos are encrypted with."""
PAPER = "paper"
PAPERS = ("transformer_paper", "transformer")
"""Architectures of the paper's encryptor: by its letter, and with a password token for each layer."""
CODE_MODEL = "code_model"
"""Role of a pack's coordinates of codes, where it has any."""

Network = TypeVar("Network")


class Pack:
    """Networks by role.

    Args:
        manifest: what the pack consists of; every entry's hash is known, or recorded in ``recorded``.
        folder: where its own files lie.
        recorded: hashes by file name that were recorded when the user imported files without a published hash.
        public: a pack of public checkpoints, of which the user fetches or imports every file into ``folder``.
        size: side in pixels of the images to draw; the manifest's by default.

    Raises:
        PackError: the pack does not draw this size.
    """

    def __init__(
        self,
        manifest: Manifest,
        folder: Path,
        recorded: dict[str, str] | None = None,
        public: bool = False,
        size: int | None = None,
    ):
        if size is not None and size not in manifest.sizes:
            *others, last = (str(known) for known in manifest.sizes)
            choices = f"{', '.join(others)} or {last}" if others else last
            raise PackError(f"size={size}, but pack {manifest.name} draws images of {choices} px: give {choices}")
        self.manifest = manifest
        self.folder = folder
        self.size = manifest.size if size is None else size
        """Side of the images in pixels."""
        self._public = public
        self._recorded = dict(recorded or {})

    def __repr__(self) -> str:
        return f"Pack({self.name!r}, size={self.size}, folder={str(self.folder)!r})"

    @property
    def name(self) -> str:
        return self.manifest.name

    def at(self, size: int) -> "Pack":
        """The same pack, drawing images of another size.

        Raises:
            PackError: it does not draw this size.
        """
        return Pack(self.manifest, self.folder, self._recorded, self._public, size)

    @property
    def address(self) -> str:
        """The pack on a command line: its name, or the folder of a user pack."""
        return self.built_in or str(self.folder)

    @property
    def built_in(self) -> str | None:
        """Its name, if it is not a user pack."""
        return self.name if self._public or self.folder == EMBEDDED.get(self.name) else None

    @property
    def num_layers(self) -> int:
        """Layers n of the W+ space."""
        return self.manifest.num_layers

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles in the manifest, whether their files are present or not."""
        return tuple(sorted(self.manifest.networks))

    @property
    def generator_roles(self) -> tuple[str, ...]:
        """Roles of the generator and, for smaller sizes, of its head.

        Raises:
            PackError: there is no head for this size.
        """
        if self.size == self.manifest.whole_size:
            return ("generator",)
        return ("generator", self.entry(f"head-{self.size}").role)

    @property
    def encryptors(self) -> tuple[str, ...]:
        """Roles of the encryptors: the networks that go with password tokens."""
        return tuple(role for role in self.roles if self.entry(role).tokens is not None)

    @property
    def exportable(self) -> tuple[str, ...]:
        """Roles of what encryption and decryption of aligned faces take; as ONNX files, all by default."""
        usual = ("generator", "encoder", *self.encryptors, "code_model")
        return tuple(role for role in usual if role in self.roles)

    def encryptor_for_photos(self, name: str | None = None) -> str:
        """Role of the encryptor for photos.

        Args:
            name: a role; ``paper`` for the pack's transformer as in the paper; None for a padded encryptor where the
                pack has it, else the one called encryptor.

        Raises:
            PackError: no such role, no encryptor, or ``paper``, and the pack has none.
        """
        if name is None:
            name = PADDED if PADDED in self.roles else USUAL
        if name != PAPER or name in self.roles:
            if self.entry(name).tokens is None:
                choices = ", ".join(self.encryptors) or "another pack"
                raise PackError(f"{name} of pack {self.name} is no encryptor; choose {choices}")
            return name
        found = next((role for role in self.encryptors if current_name(self.entry(role).arch) in PAPERS), None)
        if found is None:
            raise PackError(
                f"pack {self.name} has no encryptor of the paper; it has {', '.join(self.encryptors)}. To train one: "
                f"riddle packs new MINE --from {self.address}, then riddle-train pack={self.address} "
                "experiment=riddle_df stage=codes export=MINE export_role=encryptor-paper; then give --pack MINE"
            )
        return found

    @property
    def hash(self) -> str:
        """sha256 over the hashes of all the pack's files (those known: see :meth:`fingerprint` for some roles)."""
        return self.fingerprint(*(role for role in self.roles if self.expected_sha256(role)))

    def fingerprint(self, *roles: str) -> str:
        """sha256 over the files, architectures and tokens of some roles: for caches and records.

        Caches of inversions depend on :attr:`generator_roles` and ``encoder``, records on ``generator`` and the
        encryptor; adding networks to a pack does not change either.

        Raises:
            PackError: a role is unknown, or its file was never imported.
        """
        parts: dict[str, object] = {"size": self.manifest.whole_size}
        for role in sorted(set(roles)):
            entry, sha256 = self.entry(role), self.expected_sha256(role)
            if sha256 is None:
                raise PackError(self._missing(entry))
            parts[role] = [entry.arch, dict(entry.args), sha256, entry.tokens]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def has(self, role: str) -> bool:
        """Whether the pack has this role and its file is there (its hash is checked when it is loaded)."""
        return role in self.manifest.networks and self.path(role).is_file()

    def entry(self, role: str) -> WeightEntry:
        """The manifest's entry of a role.

        Raises:
            PackError: the pack has no such role.
        """
        if role not in self.manifest.networks:
            hint = did_you_mean(role, self.roles)
            raise PackError(f"pack {self.name} has no {role!r}; {hint}it has {', '.join(self.roles) or 'no networks'}")
        return self.manifest.networks[role]

    def path(self, role: str) -> Path:
        """Where the file of a role lies, present or not."""
        entry = self.entry(role)
        if entry.pack is not None:
            return (EMBEDDED.get(entry.pack) or pack_folder(entry.pack)) / entry.file
        own = self.folder / entry.file
        if self._public or entry.url is None or entry.sha256 is None or own.is_file():
            return own
        return download_path(entry.sha256, entry.file)

    def importable(self, role: str) -> bool:
        """Whether the file of a role does not come with the pack: the user fetches or imports it."""
        return self._public or self.entry(role).url is not None

    @property
    def missing(self) -> tuple[str, ...]:
        """Roles whose files the user has still to fetch or import."""
        return tuple(role for role in self.roles if self.importable(role) and not self.has(role))

    def expected_sha256(self, role: str) -> str | None:
        """The published hash, else the one recorded at import, else None."""
        entry = self.entry(role)
        return entry.sha256 or self._recorded.get(entry.file)

    def require(self, *roles: str) -> None:
        """Makes sure that every file that loading these roles takes is there; reads none.

        Raises:
            PackError: an unknown role, or a file that is missing.
        """
        for role in roles:
            for needed in self.generator_roles if role == "generator" else (role,):
                if not self.has(needed):
                    raise PackError(self._missing(self.entry(needed)))

    def check(self, *roles: str) -> None:
        """Verifies every file that loading these roles takes, the generator's head among them; loads nothing.

        Raises:
            PackError: see :meth:`verify`; or there is no head for this size.
        """
        for role in roles:
            for needed in self.generator_roles if role == "generator" else (role,):
                self.verify(needed)

    def verify(self, role: str) -> str:
        """Hashes the file of a role and returns its sha256.

        Raises:
            PackError: the file is missing, or differs from the manifest (both hashes are named).
        """
        entry, path = self.entry(role), self.path(role)
        expected = self.expected_sha256(role)
        if not path.is_file() or expected is None:
            raise PackError(self._missing(entry))
        actual = sha256_file(path)
        if actual != expected:
            raise PackError(
                f"{path} ({role} of pack {self.name}) has sha256 {actual}; expected {expected}: "
                f"the file is damaged or another one; {self._remedy(entry)}"
            )
        return actual

    def load(self, role: str) -> "nn.Module":
        """A new instance of a role's network: verified, in eval mode, no parameter requires a gradient.

        Raises:
            PackError: unknown role, missing or changed file, or a network for another image size.
            CheckpointError: the file does not fit the architecture.
        """
        from riddle_pl.packs.formats import load_network

        roles = self.generator_roles if role == "generator" else (role,)
        for needed in roles:
            self.verify(needed)
        network, *head = (load_network(self.entry(name), self.path(name), self.manifest) for name in roles)
        if head:
            network = _with_head(network, *head)
        return network.eval().requires_grad_(False)

    def load_as(self, role: str, kind: type[Network]) -> Network:
        """:meth:`load`, for code that needs more of a network than to call it.

        Raises:
            PackError, CheckpointError: see :meth:`load`; or the network is not a ``kind``.
        """
        network = self.load(role)
        if not isinstance(network, kind):
            raise PackError(f"{role} of pack {self.name} is a {type(network).__name__}; expected {kind.__name__}")
        return network

    def generator(self) -> "FaceGenerator":
        """The pack's generator, drawing images of the pack's size.

        Raises:
            PackError, CheckpointError: see :meth:`load`; or it is not a generator.
        """
        from riddle_pl.networks.generator import FaceGenerator

        network = self.load("generator")
        if not isinstance(network, FaceGenerator):
            raise PackError(f"generator of pack {self.name} is a {type(network).__name__}; it draws no faces from w")
        return network

    def generator_from(self, whole: "FaceGenerator") -> "FaceGenerator":
        """:meth:`generator`, from one that draws the pack's largest size: weights are shared, only a head is loaded.

        Raises:
            PackError, CheckpointError: see :meth:`load`.
        """
        if self.size == self.manifest.whole_size:
            return whole
        return _with_head(whole, self.load(f"head-{self.size}"))

    def encryptor(self, name: str = "encryptor") -> "tuple[nn.Module, PasswordTokens]":
        """An encryptor and the password tokens that it was trained with.

        Raises:
            PackError: see :meth:`load`; or the entry does not say its tokens, or is another kind of network.
        """
        from riddle_pl.password import token_scheme

        entry = self.entry(name)
        tokens = entry.tokens
        if tokens is None:
            raise PackError(f"pack {self.name}: {name} does not say its password tokens; it is not an encryptor")
        if entry.format != "riddle" and (entry.format != "safetensors" or current_name(entry.arch) not in ENCRYPTORS):
            raise PackError(
                f"pack {self.name}: {name} has password tokens and is a {entry.arch:.40}; expected an encryptor "
                f"({', '.join(ENCRYPTORS)})"
            )
        return self.load(name), token_scheme(tokens)

    def _remedy(self, entry: WeightEntry) -> str:
        if entry.pack is not None and entry.pack not in EMBEDDED:
            return f"get it from {entry.origin}, then run `riddle weights import {entry.file} FILE --pack {entry.pack}`"
        if entry.pack is not None:
            return f"it belongs to the package: reinstall riddle-pl, or copy pack {self.name} anew"
        if not self.importable(entry.role):
            return f"restore {entry.file} in {self.folder}, or reinstall the pack"
        if entry.url is not None:
            return f"run `riddle weights fetch {entry.role} --pack {self.address}`"
        return f"get it from {entry.origin}, then run `riddle weights import {entry.role} FILE --pack {self.address}`"

    def _missing(self, entry: WeightEntry) -> str:
        path = self.path(entry.role)
        state = "was never imported" if path.is_file() else "is missing"
        return f"pack {self.name}: {entry.file} ({entry.role}) {state}, in {path.parent}; {self._remedy(entry)}"


def _with_head(network: "nn.Module", head: "nn.Module") -> "FaceGenerator":
    from riddle_pl.networks.mobile_head import MobileHead
    from riddle_pl.networks.mobile_stylegan import MobileStyleGAN

    if isinstance(network, MobileStyleGAN) and isinstance(head, MobileHead):
        return network.with_head(head)
    raise PackError(
        f"a {type(head).__name__} as head of a {type(network).__name__}; expected a MobileHead and a MobileStyleGAN"
    )
