"""User packs: created from another pack, and extended by networks from files."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from riddle_pl.errors import FileError, PackError, shown
from riddle_pl.files import atomic_write, require_file, require_writable_dir, sha256_file
from riddle_pl.pack_names import EMBEDDED, MANIFEST_NAME, PUBLIC
from riddle_pl.packs.card import PICTURES
from riddle_pl.packs.manifest import Manifest, WeightEntry, read_manifest, require_free_role, write_manifest
from riddle_pl.packs.pack import Pack
from riddle_pl.packs.public import PUBLIC_PACKS

CARDS = ("*.md", f"{PICTURES}/*.jpg", f"{PICTURES}/*.png")
"""Documentation files of a pack."""
REPLACE = "give another role, or --force to replace it"
"""What to do about a role that is taken."""


def new_pack(base: Pack, folder: Path, name: str | None = None) -> Manifest:
    """Makes a pack that uses another one's networks.

    Files of built-in packs stay where they are, and the new manifest names them by hash; those of a pack that is a
    folder are copied. What has not been imported yet and has no published hash is left out.

    Args:
        base: the pack to begin with.
        folder: new, or empty.
        name: of the new pack; the folder's by default.

    Raises:
        FileError: the folder holds something, or cannot be written.
        PackError: a file of ``base`` is damaged, or the name is no name.
    """
    built_in = base.built_in
    with new_folder(folder, "pack folder") as making:
        networks = {}
        for role in base.roles:
            entry, sha256 = base.entry(role), base.expected_sha256(role)
            if entry.pack is not None or (built_in in EMBEDDED and entry.url is not None):
                networks[role] = entry
            elif sha256 is None:
                continue
            elif built_in is not None:
                networks[role] = replace(entry, pack=built_in, url=None, sha256=sha256)
            elif base.has(role):
                networks[role] = _copied(base, role, making, entry.file)
            else:
                networks[role] = entry
        if built_in is None:
            copy_cards(base.folder, making)
        manifest = _renamed(base.manifest, networks, name or folder.absolute().name)
        write_manifest(making, manifest)
    return manifest


def copy_pack(base: Pack, folder: Path, name: str | None = None) -> Manifest:
    """Copies a pack with all its files that are there, so that the copy needs no other pack.

    Args:
        base, folder, name: see :func:`new_pack`.

    Raises:
        FileError, PackError: see :func:`new_pack`.
    """
    with new_folder(folder, "pack folder") as making:
        networks, taken = {}, set()
        for role in base.roles:
            if not base.has(role) or base.expected_sha256(role) is None:
                continue
            file = base.entry(role).file
            file = file if file not in taken else f"{role}-{Path(file).name}"
            taken.add(file)
            networks[role] = _copied(base, role, making, file)
        homes = {base.folder, *(EMBEDDED[e.pack] for e in base.manifest.networks.values() if e.pack in EMBEDDED)}
        for home in sorted(homes - {base.folder}):
            copy_cards(home, making, tuple(networks))
        copy_cards(base.folder, making)
        manifest = _renamed(base.manifest, networks, name or folder.absolute().name)
        write_manifest(making, manifest)
    return manifest


def add_network(folder: Path, role: str, file: Path, overwrite: bool = False) -> WeightEntry:
    """Copies a network's file into a pack and enters it.

    The file is one of another pack, whose manifest lies beside it and says how it is read; or a public checkpoint of
    the kind that the pack, or the public pack of its size, has in this role. It is loaded strictly before it is kept.

    Args:
        folder: the pack.
        role: of the network in it.
        file: the weights.
        overwrite: put it in place of the network of this role that the pack has.

    Raises:
        PackError: nothing says how the file is read, it is for another pack, or the role is taken.
        CheckpointError: it does not fit its architecture.
        FileError: a file or folder cannot be read or written.
    """
    manifest = read_manifest(folder / MANIFEST_NAME)
    require_free_role(folder, role, overwrite, REPLACE)
    require_file(file, "network")
    entry = replace(_described(manifest, role, file), role=role, url=None, pack=None)
    from riddle_pl.packs.formats import load_network

    load_network(entry, file, manifest)
    target = _free_name(manifest, role, file)
    sha256 = sha256_file(file)
    require_writable_dir(folder, "pack folder")
    if not ((folder / target).exists() and (folder / target).samefile(file)):
        with atomic_write(folder / target, inside=folder) as temporary:
            shutil.copyfile(file, temporary)
            if sha256_file(temporary) != sha256:
                raise PackError(f"{file} changed while it was copied; try again")
    card = file.parent / f"{file.stem}.md"
    for path in (card, *sorted(file.parent.glob(f"{PICTURES}/{file.stem}_*.jpg"))):
        place = folder / (f"{role}.md" if path == card else path.relative_to(file.parent))
        if path.is_file() and file.parent.resolve() != folder.resolve():
            require_writable_dir(place.parent, "pack folder", create=True)
            with atomic_write(place, inside=folder) as temporary:
                shutil.copyfile(path, temporary)
    entry = replace(entry, file=target, sha256=sha256)
    write_manifest(folder, replace(manifest, networks={**manifest.networks, role: entry}))
    return entry


@contextmanager
def new_folder(folder: Path, what: str) -> Iterator[Path]:
    """A temporary folder that is renamed to ``folder`` on success and removed otherwise.

    Raises:
        FileError: there is something already, or it cannot be written.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise FileError(f"{what} {folder} exists already; give a new one")
    require_writable_dir(folder.absolute().parent, f"folder of {what}", create=True)
    making = folder.absolute().with_name(f".{folder.name[:40]}.{token_hex(6)}.tmp")
    try:
        making.mkdir()
        yield making
        if folder.exists():
            folder.rmdir()  # empty
        making.rename(folder)
    except OSError as error:
        raise FileError(f"{what} {folder} cannot be written ({(error.strerror or str(error)).lower()})") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def copy_cards(source: Path, target: Path, roles: tuple[str, ...] | None = None) -> None:
    """Copies model cards and their pictures, but no links, from one pack's folder to another's.

    Args:
        source, target: folders.
        roles: of the cards to copy, and not the pack's own; all by default.
    """
    for pattern in CARDS:
        for path in sorted(source.glob(pattern)):
            wanted = roles is None or path.stem.split("_")[0] in roles
            if wanted and path.is_file() and not path.is_symlink():
                place = target / path.relative_to(source)
                place.parent.mkdir(exist_ok=True)
                shutil.copyfile(path, place)


def _copied(base: Pack, role: str, folder: Path, file: str) -> WeightEntry:
    """The entry of a copy, which is made and checked."""
    entry, expected = base.entry(role), base.expected_sha256(role)
    target = folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(base.path(role), target)
    if sha256_file(target) != expected:
        base.verify(role)  # says what is wrong with it
        raise PackError(f"{base.path(role)} changed while it was copied; try again")
    return replace(entry, file=file, sha256=expected, pack=None, url=None)


def _renamed(manifest: Manifest, networks: dict[str, WeightEntry], name: str) -> Manifest:
    if not name or not name.isprintable() or name in (*EMBEDDED, *PUBLIC):
        raise PackError(f"{shown(name)} cannot be the name of a pack of your own; give another --name")
    return replace(manifest, name=name, networks=networks)


def _described(manifest: Manifest, role: str, file: Path) -> WeightEntry:
    """How the file is read: as the manifest beside it says, else as its kind is in the pack or in a public one."""
    beside = file.parent / MANIFEST_NAME
    if beside.is_file():
        theirs = read_manifest(beside)
        found = [e for e in theirs.networks.values() if e.file == file.name and e.pack is None]
        for entry in found:
            if entry.sha256 != sha256_file(file):
                raise PackError(f"{file} is not the file that {beside} names (sha256 {entry.sha256})")
            _check_same_codes(theirs, manifest, entry, file)
            return entry
    if file.suffix == ".safetensors":
        raise PackError(
            f"{file} does not say which network it is, and no {MANIFEST_NAME} beside it does; give the file where it "
            "was exported, or the run's checkpoints/last.ckpt"
        )
    alike = [m for m in PUBLIC_PACKS.values() if (m.size, m.num_layers) == (manifest.size, manifest.num_layers)]
    for public in (m.networks.get(role) for m in (manifest, *alike)):
        if public is not None and public.format != "safetensors":
            return replace(public, origin=f"{file.name}, added by riddle packs add")
    raise PackError(
        f"nothing says what kind of network {file} is: pack {manifest.name} has no public checkpoint as {role}; give a "
        "checkpoint of riddle-train, or a file of another pack"
    )


def _check_same_codes(theirs: Manifest, ours: Manifest, entry: WeightEntry, file: Path) -> None:
    """An encryptor or encoder belongs to the W+ space of one generator."""
    generators = [m.networks["generator"].sha256 for m in (theirs, ours) if "generator" in m.networks]
    bound = entry.tokens is not None or entry.role in ("encoder", "code_model")
    if bound and len(generators) == 2 and None not in generators and generators[0] != generators[1]:
        raise PackError(
            f"{file} belongs to generator {str(generators[0])[:16]} of pack {theirs.name}; pack {ours.name} has "
            f"{str(generators[1])[:16]}: give a pack with its generator"
        )


def _free_name(manifest: Manifest, role: str, file: Path) -> str:
    """Of the role, unless another role's file has this name."""
    name = f"{role}{file.suffix}"
    others = {e.file for r, e in manifest.networks.items() if r != role and e.pack is None}
    return name if name not in others else f"{role}-{sha256_file(file)[:8]}{file.suffix}"
