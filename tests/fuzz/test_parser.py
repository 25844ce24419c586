"""If this fails, a file from a stranger crashes the program, makes it write something, or reads as two records."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riddle_pl.photos.record.png import SIGNATURE
from tests.fuzz.mutations import mutate
from tests.fuzz.parser import BrokenInvariant, check
from tests.fuzz.seeds import all_seeds, archive, small_record, small_seeds

SEEDS = small_seeds()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fuzz") / "input"
    for seed in all_seeds():
        assert check(seed, path) >= 2  # in two ways: whatever it is, and as what it is
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(which=st.integers(0, len(SEEDS) - 1), number=st.integers(0, 2**32))
def test_broken_files_are_read_or_refused(path: Path, which: int, number: int) -> None:
    check(mutate(SEEDS[which], Random(number)), path)


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(start=st.sampled_from([b"", SIGNATURE, b"PK\3\4", b"PK\5\6"]), noise=st.binary(max_size=400))
def test_noise_is_refused(path: Path, start: bytes, noise: bytes) -> None:
    assert check(start + noise, path) == 0


def test_the_mutations_are_neither_all_refused_nor_all_read(path: Path) -> None:
    """Else they would not reach what lies behind the first checks, or would break nothing."""
    read = sum(check(mutate(SEEDS[number % len(SEEDS)], Random(number)), path) > 0 for number in range(100))
    assert 10 < read < 90


def test_the_watch_notices_what_it_is_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def written(_data: bytes, given: Path) -> list[object]:
        given.with_name("other").write_bytes(b"x")
        return []

    monkeypatch.setattr("tests.fuzz.parser.WAYS", (written,))
    with pytest.raises(BrokenInvariant, match=r"led to open .*other"):
        check(SEEDS[0], path)


# --- what was found ---------------------------------------------------------------------------------------------------


def test_an_archive_on_several_disks(path: Path) -> None:
    """zipfile.is_zipfile raised BadZipFile, which nobody caught."""
    content = archive({"a.riddle": SEEDS[0]})
    end = content.rindex(b"PK\5\6")
    zip64_end = b"PK\6\6" + (44).to_bytes(8, "little") + bytes(44)
    locator = b"PK\6\7" + bytes(12) + (2).to_bytes(4, "little")
    assert check(content[:end] + zip64_end + locator + content[end:], path) == 0


def test_a_name_that_differs_between_directory_and_entry(path: Path) -> None:
    """The line quoted all of the other name, up to 64 KiB."""
    content = archive({"a" * 900 + ".riddle": SEEDS[0]})
    assert check(content.replace(b"aaaa", b"\xff\xff\xff\xff", 1), path) == 0


def test_a_name_longer_than_any_file_has(path: Path) -> None:
    """Looking for the picture beside it was an OSError."""
    assert check(archive({"a" * 300 + ".riddle": SEEDS[0]}), path) == 0


def test_array_names_are_not_printed_as_they_are(path: Path) -> None:
    """A line feed in the name of an array broke the line of the message."""
    content = small_record(1, sealed=False).to_bytes()
    assert check(content.replace(b'"quads":', b'"q\\nad":'), path) == 0
