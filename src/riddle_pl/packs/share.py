"""A pack as one file: a zip archive of its manifest, its weights, its model cards and the sha256 of each.

Archives are untrusted: names, sizes and hashes are checked, nothing is executed, and the folder is created only if
everything is valid. The hashes ensure integrity, not the trustworthiness of the author.
"""

import hashlib
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from riddle_pl.errors import FileError, PackError, one_line, shown
from riddle_pl.files import atomic_write, require_file, sha256_file
from riddle_pl.pack_names import MANIFEST_NAME
from riddle_pl.packs.manifest import MAX_BYTES, Manifest, read_manifest
from riddle_pl.packs.own import CARDS, new_folder
from riddle_pl.packs.pack import Pack

SUMS = "SHA256SUMS"
"""Entry with a line for every other one, as ``sha256sum -c`` reads it."""
SUFFIX = ".zip"
MAX_FILES = 500
MAX_WEIGHTS_BYTES = 1 << 32
"""Of a file of weights: the largest public one has 1.2 GB."""
MAX_CARD_BYTES = 1 << 25
_NAME = re.compile(r"(?:pictures/)?[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_CARD = re.compile(r"[^/]+\.md|pictures/[^/]+\.(?:jpg|png)")
_SUM = re.compile(r"([0-9a-f]{64})  (.+)")
_CHUNK = 1 << 20


def share_pack(pack: Pack, archive: Path, overwrite: bool = False) -> list[str]:
    """Writes a pack that is a folder as one file; the same pack gives the same bytes.

    Args:
        pack: of the user's own; each of its files is verified.
        archive: the file, ``NAME.zip``.
        overwrite: put it in place of a file of that name.

    Returns:
        Roles whose files are not in the archive, because they belong to built-in packs or are fetched.

    Raises:
        PackError: a built-in pack, or a file that is missing, changed or has a name that no archive takes.
        FileError: the archive cannot be written, or is there already; with ``overwrite``: something else is.
    """
    if pack.built_in is not None:
        raise PackError(
            f"pack {pack.built_in} comes with riddle-pl; share a pack of your own (riddle packs new FOLDER)"
        )
    if archive.suffix != SUFFIX:
        raise PackError(f"archive {archive} has the ending {archive.suffix!r}; expected NAME{SUFFIX}")
    if overwrite and archive.exists() and not _is_shared(archive):
        raise FileError(f"{archive} is no archive of `riddle packs share` and is left as it is; give another name")
    cards = sorted(path for pattern in CARDS for path in pack.folder.glob(pattern))
    files = {path.relative_to(pack.folder).as_posix(): sha256_file(path) for path in cards if path.is_file()}
    files[MANIFEST_NAME] = sha256_file(pack.folder / MANIFEST_NAME)
    own = [role for role in pack.roles if _is_inside(pack, role)]
    files |= {pack.entry(role).file: pack.verify(role) for role in own}
    for name in files:
        if not _NAME.fullmatch(name) or (pack.folder / name).is_symlink():
            raise PackError(f"{pack.folder / name} is a link or has a name that no archive takes; rename the file")
    sums = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))
    with atomic_write(archive, overwrite) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        packed.writestr(zipfile.ZipInfo(SUMS), sums)
        for name, sha256 in sorted(files.items()):
            if _add(packed, name, pack.folder / name) != sha256:
                raise PackError(f"{pack.folder / name} changed while it was read; try again")
    return [role for role in pack.roles if role not in own]


def open_archive(archive: Path, folder: Path) -> Manifest:
    """Unpacks a pack that somebody shared, if all of it is as its hashes say.

    Args:
        archive: of :func:`share_pack`.
        folder: new, or empty.

    Raises:
        PackError: no such archive, or one that is damaged, too large, or with files that no pack has.
        FileError: the folder holds something, or cannot be written.
    """
    require_file(archive, "archive", PackError)
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = _checked(packed, archive)
            sums = _sums(_read(packed, entries[SUMS], MAX_BYTES, archive), set(entries) - {SUMS}, archive)
            with new_folder(folder, "pack folder") as making:
                for name, sha256 in sums.items():
                    _unpack(packed, entries[name], making / name, sha256, archive)
                manifest = read_manifest(making / MANIFEST_NAME)
                _check_contents(manifest, sums, archive)
            return manifest
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, MemoryError) as error:
        raise PackError(f"archive {archive} is no zip file or is damaged ({one_line(error):.120})") from None


def _is_shared(archive: Path) -> bool:
    try:
        with zipfile.ZipFile(archive) as packed:
            return {SUMS, MANIFEST_NAME} <= set(packed.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _is_inside(pack: Pack, role: str) -> bool:
    entry = pack.entry(role)
    return entry.pack is None and (entry.url is None or (pack.folder / entry.file).is_file())


def _add(packed: zipfile.ZipFile, name: str, source: Path) -> str:
    """Stores a file, and returns the sha256 of what was stored."""
    digest = hashlib.sha256()
    info = zipfile.ZipInfo(name)
    info.file_size = source.stat().st_size  # decides between the two forms of an entry's sizes
    with source.open("rb") as file, packed.open(info, "w") as entry:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            entry.write(chunk)
    return digest.hexdigest()


def _checked(packed: zipfile.ZipFile, archive: Path) -> dict[str, zipfile.ZipInfo]:
    """The entries by name; none is compressed, so that none is larger than the archive."""
    listed = packed.infolist()
    if len(listed) > MAX_FILES:
        raise PackError(f"archive {archive} has {len(listed)} entries; expected at most {MAX_FILES}")
    for entry in listed:
        if not _NAME.fullmatch(entry.filename):
            raise PackError(f"archive {archive} has an entry {shown(entry.filename)}, which is no file of a pack")
        largest = MAX_CARD_BYTES if _CARD.fullmatch(entry.filename) else MAX_WEIGHTS_BYTES
        stored = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
        if not stored or entry.flag_bits & 1 or entry.file_size > largest:
            raise PackError(f"archive {archive}: {entry.filename} is compressed, encrypted or too large")
    if len({entry.filename.lower() for entry in listed}) != len(listed):
        raise PackError(f"archive {archive} has two entries of one name; get it again")
    if sum(entry.file_size for entry in listed) > archive.stat().st_size:
        raise PackError(f"archive {archive} claims to hold more than it has bytes; get it again")
    entries = {entry.filename: entry for entry in listed}
    if missing := {SUMS, MANIFEST_NAME} - set(entries):
        raise PackError(f"archive {archive} has no {sorted(missing)[0]}; expected one of `riddle packs share`")
    return entries


def _read(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, largest: int, archive: Path) -> str:
    if entry.file_size > largest:
        raise PackError(f"archive {archive}: {entry.filename} is larger than {largest >> 20} MiB")
    return packed.read(entry).decode("utf-8")


def _sums(text: str, names: set[str], archive: Path) -> dict[str, str]:
    """Hash by name, of all that is in the archive and nothing else."""
    lines = [_SUM.fullmatch(line) for line in text.splitlines()]
    sums = {match[2]: match[1] for match in lines if match is not None}
    if len(sums) != len(lines) or set(sums) != names:
        raise PackError(f"archive {archive}: {SUMS} does not name the files that are in it; get it again")
    return sums


def _unpack(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, sha256: str, archive: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    digest = hashlib.sha256()
    with packed.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    if (actual := digest.hexdigest()) != sha256:
        raise PackError(f"archive {archive}: {entry.filename} has sha256 {actual}; expected {sha256}: get it again")


def _check_contents(manifest: Manifest, sums: Mapping[str, str], archive: Path) -> None:
    """The weights are those of the manifest, and everything else is a card."""
    own = {entry.file: entry for entry in manifest.networks.values() if entry.pack is None}
    for file, entry in own.items():
        if file not in sums and entry.url is None:
            raise PackError(f"archive {archive} lacks {file} ({entry.role}); get it again")
        if file in sums and sums[file] != entry.sha256:
            raise PackError(f"archive {archive}: {file} is not the file that its manifest names; get it again")
    for name in sums:
        if name != MANIFEST_NAME and name not in own and not _CARD.fullmatch(name):
            raise PackError(f"archive {archive} has an entry {name}, which is neither a network nor a card of its pack")
