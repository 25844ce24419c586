"""A wrong or damaged download would be taken for the public checkpoint, or a failed import would leave rubbish."""

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from riddle_pl.errors import CheckpointError, PackError, RiddleError
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import Manifest, Pack, WeightEntry
from riddle_pl.packs.install import fetch_file, find_entry, import_file
from riddle_pl.packs.public import PUBLIC_PACKS
from riddle_pl.packs.store import recorded_hashes

CHANNELS = {4: 4, 8: 4, 16: 4}
GENERATOR = WeightEntry("generator", "stylegan2", "g.pt", "stylegan2", args={"size": 8})


def write_generator(path: Path, size: int = 8, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    torch.save({"g_ema": Generator(size, CHANNELS, mapping_layers=1).state_dict()}, path)
    return path


def public_pack(folder: Path, entry: WeightEntry = GENERATOR) -> Pack:
    return Pack(Manifest("mini", 8, {entry.role: entry}), folder, recorded_hashes(folder), public=True)


def test_import_records_the_hash_and_loads(tmp_path: Path) -> None:
    source = write_generator(tmp_path / "download.pt")
    path = import_file(public_pack(tmp_path / "home"), "generator", source)
    pack = public_pack(tmp_path / "home")
    assert path.read_bytes() == source.read_bytes()
    assert pack.expected_sha256("generator") == hashlib.sha256(source.read_bytes()).hexdigest()
    assert isinstance(pack.load("generator"), Generator)


def test_a_file_changed_after_import_is_refused(tmp_path: Path) -> None:
    path = import_file(public_pack(tmp_path / "home"), "g.pt", write_generator(tmp_path / "download.pt"))
    write_generator(path, seed=1)
    with pytest.raises(PackError, match="the file is damaged or another one"):
        public_pack(tmp_path / "home").load("generator")


def test_a_file_put_there_by_hand_must_be_imported(tmp_path: Path) -> None:
    path = write_generator(tmp_path / "g.pt")
    with pytest.raises(PackError, match="was never imported"):
        public_pack(tmp_path).load("generator")
    import_file(public_pack(tmp_path), "generator", path)
    public_pack(tmp_path).load("generator")


def test_a_checkpoint_for_another_size_names_both_and_writes_nothing(tmp_path: Path) -> None:
    source = write_generator(tmp_path / "download.pt", size=16)
    with pytest.raises(CheckpointError, match=r"has 6 layers.*4 layers"):
        import_file(public_pack(tmp_path / "home"), "generator", source)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("content", [b"", b"hello", None])
def test_not_a_checkpoint(tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "download.pt"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(RiddleError, match=r"download\.pt"):
        import_file(public_pack(tmp_path / "home"), "generator", source)
    assert not (tmp_path / "home").exists()


def test_an_import_must_have_the_published_hash(tmp_path: Path) -> None:
    pack = public_pack(tmp_path / "home", replace(GENERATOR, sha256="0" * 64))
    with pytest.raises(PackError, match=r"has sha256 .* has 0000"):
        import_file(pack, "generator", write_generator(tmp_path / "download.pt"))


def test_entries_by_role_or_file_and_a_hint(tmp_path: Path) -> None:
    pack = public_pack(tmp_path)
    assert find_entry(pack, "g.pt") is find_entry(pack, "generator")
    with pytest.raises(PackError, match="did you mean 'generator'"):
        find_entry(pack, "generato")


def test_a_whole_pack_takes_no_imports(tiny_pack: Pack, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="complete in itself"):
        import_file(tiny_pack, "generator", write_generator(tmp_path / "download.pt"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server with one generator, ``/g.pt``."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    (tmp_path / "www").mkdir()
    write_generator(tmp_path / "www" / "g.pt")
    handler = functools.partial(Quiet, directory=str(tmp_path / "www"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def fetchable(tmp_path: Path, url: str, sha256: str | None = None) -> Pack:
    known = sha256 or hashlib.sha256((tmp_path / "www" / "g.pt").read_bytes()).hexdigest()
    return public_pack(tmp_path / "home", replace(GENERATOR, url=url, sha256=known))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_fetch(server: str, tmp_path: Path) -> None:
    pack = fetchable(tmp_path, f"{server}/g.pt")
    fetch_file(pack, "generator")
    assert isinstance(pack.load("generator"), Generator)
    assert files(pack.folder) == ["g.pt"]
    (tmp_path / "www" / "g.pt").unlink()
    fetch_file(pack, "generator")  # there already: no second download


def test_fetch_of_a_changed_file_keeps_nothing(server: str, tmp_path: Path) -> None:
    pack = fetchable(tmp_path, f"{server}/g.pt", sha256="0" * 64)
    with pytest.raises(PackError, match="not the file expected"):
        fetch_file(pack, "generator")
    assert files(pack.folder) == []


def test_fetch_without_the_file_or_the_network(server: str, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"answers 404 .*riddle weights import generator FILE --pack mini"):
        fetch_file(fetchable(tmp_path, f"{server}/absent.pt"), "generator")
    with pytest.raises(PackError, match=r"no connection to 127\.0\.0\.1"):
        fetch_file(fetchable(tmp_path, "http://127.0.0.1:9/g.pt"), "generator")
    assert files(tmp_path / "home") == []


def test_fetch_without_an_address(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no stable address"):
        fetch_file(public_pack(tmp_path), "generator")


def test_public_packs_say_where_each_file_comes_from() -> None:
    for name, manifest in PUBLIC_PACKS.items():
        assert manifest.name == name
        for role, entry in manifest.networks.items():
            assert entry.role == role
            assert "unknown" not in (entry.license, entry.origin)
            assert entry.citation
            assert entry.url is None or entry.sha256 is not None, f"{role} would be fetched without a check"
    assert PUBLIC_PACKS["ffhq256"].num_layers == 14
    assert PUBLIC_PACKS["ffhq1024"].num_layers == 18
