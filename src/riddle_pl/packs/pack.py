"""A model pack: frozen networks that belong together, verified by hash and loaded by role."""

import hashlib
import json
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from torch import nn

from riddle_pl.errors import PackError
from riddle_pl.files import sha256_file
from riddle_pl.packs.architectures import ENCRYPTORS
from riddle_pl.packs.formats import load_network
from riddle_pl.packs.manifest import Manifest, WeightEntry

if TYPE_CHECKING:
    from riddle_pl.password import PasswordTokens

Network = TypeVar("Network", bound=nn.Module)


class Pack:
    """Networks by role, in one folder.

    Args:
        manifest: what the pack consists of; every entry's hash is known, or recorded in ``recorded``.
        folder: where the files lie.
        recorded: hashes by file name that were recorded when the user imported files without a published hash.
        importable: a built-in pack of public checkpoints, whose missing files the user can fetch or import.
    """

    def __init__(
        self, manifest: Manifest, folder: Path, recorded: dict[str, str] | None = None, importable: bool = False
    ):
        self.manifest = manifest
        self.folder = folder
        self.importable = importable
        self._recorded = dict(recorded or {})

    def __repr__(self) -> str:
        return f"Pack({self.name!r}, size={self.size}, folder={str(self.folder)!r})"

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def size(self) -> int:
        """Side of the generator's images in pixels."""
        return self.manifest.size

    @property
    def num_layers(self) -> int:
        """Layers n of the W+ space."""
        return self.manifest.num_layers

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles in the manifest, whether their files are present or not."""
        return tuple(sorted(self.manifest.networks))

    @property
    def encryptors(self) -> tuple[str, ...]:
        """Roles of the encryptors: the networks that go with password tokens."""
        return tuple(role for role in self.roles if self.entry(role).tokens is not None)

    @property
    def hash(self) -> str:
        """sha256 over the hashes of all the pack's files (those known: see :meth:`fingerprint` for some roles)."""
        return self.fingerprint(*(role for role in self.roles if self.expected_sha256(role)))

    def fingerprint(self, *roles: str) -> str:
        """sha256 over the files, architectures and tokens of some roles: what a result depends on, and no more.

        A cache of inversions depends on ``generator`` and ``encoder``, a record on ``generator`` and its encryptor;
        neither becomes invalid when the pack gains another network.

        Raises:
            PackError: a role is unknown, or its file was never imported.
        """
        parts: dict[str, object] = {"size": self.size}
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
            near = get_close_matches(role, self.roles, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise PackError(f"pack {self.name} has no {role!r}; {hint}it has {', '.join(self.roles) or 'no networks'}")
        return self.manifest.networks[role]

    def path(self, role: str) -> Path:
        """Where the file of a role lies, present or not."""
        return self.folder / self.entry(role).file

    def expected_sha256(self, role: str) -> str | None:
        """The published hash, else the one recorded at import, else None."""
        entry = self.entry(role)
        return entry.sha256 or self._recorded.get(entry.file)

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

    def load(self, role: str) -> nn.Module:
        """A new instance of a role's network: verified, in eval mode, no parameter requires a gradient.

        Raises:
            PackError: unknown role, missing or changed file, or a network for another image size.
            CheckpointError: the file does not fit the architecture.
        """
        self.verify(role)
        network = load_network(self.entry(role), self.path(role), self.manifest)
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

    def encryptor(self, name: str = "encryptor") -> tuple[nn.Module, "PasswordTokens"]:
        """An encryptor and the password tokens that it was trained with.

        Raises:
            PackError: see :meth:`load`; or the entry does not say its tokens, or is another kind of network.
        """
        from riddle_pl.password import token_scheme

        entry = self.entry(name)
        tokens = entry.tokens
        if tokens is None:
            raise PackError(f"pack {self.name}: {name} does not say its password tokens; it is not an encryptor")
        if entry.format != "riddle" and (entry.format != "safetensors" or entry.arch not in ENCRYPTORS):
            raise PackError(
                f"pack {self.name}: {name} has password tokens and is a {entry.arch:.40}; expected an encryptor "
                f"({', '.join(ENCRYPTORS)})"
            )
        return self.load(name), token_scheme(tokens)

    def _remedy(self, entry: WeightEntry) -> str:
        if not self.importable:
            return f"restore {entry.file} in {self.folder}, or reinstall the pack"
        if entry.url is not None:
            return f"run `riddle weights fetch {entry.role} --pack {self.name}`"
        return f"get it from {entry.origin}, then run `riddle weights import {entry.role} FILE --pack {self.name}`"

    def _missing(self, entry: WeightEntry) -> str:
        state = "was never imported" if (self.folder / entry.file).is_file() else "is missing"
        return f"pack {self.name}: {entry.file} ({entry.role}) {state}, in {self.folder}; {self._remedy(entry)}"
