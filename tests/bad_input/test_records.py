"""If this fails, a damaged or hostile record ends in a traceback, writes a file, or reaches beyond its folder."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riddle_pl.errors import RecordError
from riddle_pl.photos.record import file as record_file
from riddle_pl.photos.record.record import Record
from tests.bad_input.broken_records import HOSTILE, Case, crafted_records, damaged_records
from tests.bad_input.junk import junk
from tests.cli.riddle_command import Riddle

VERBS = (("inspect",), ("decrypt", "--face-only", "-o", "out.png", "--password-file", "pw"))


@pytest.fixture(params=["deniable", "sealed"])
def content(request: pytest.FixtureRequest, riddle: Riddle) -> bytes:
    """Of an intact record, made with the pack at hand."""
    assert riddle.encrypt("photo.png", "--mode", request.param).status == 0
    return Path("photo_anonymised.riddle").read_bytes()


def all_refused(riddle: Riddle, cases: Iterable[Case], verbs: Iterable[tuple[str, ...]] = VERBS) -> int:
    """One line and status 2 for each case; the number of cases."""
    count = 0
    for name, data in cases:
        Path("bad.riddle").write_bytes(data)
        before = riddle.files()
        for verb, *options in verbs:
            pack = ("--pack", riddle.pack) if verb == "decrypt" else ()
            result = riddle(verb, "bad.riddle", *options, *pack)
            assert result.status == 2, (name, verb, result)
            riddle.refused(result, "bad.riddle", before=before)
            assert len(result.err) < 600, (name, verb, result.err)
        assert Path("bad.riddle").read_bytes() == data
        count += 1
    return count


def why_refused(path: str) -> str | None:
    """The line; None if the record is read."""
    try:
        Record.load(path)
    except RecordError as error:
        return str(error)
    return None


def test_damaged_records_are_refused(riddle: Riddle, content: bytes) -> None:
    assert all_refused(riddle, damaged_records(content)) > 80


def test_junk_is_refused(riddle: Riddle) -> None:
    assert all_refused(riddle, junk()) > 10


def test_crafted_records_do_no_harm(riddle: Riddle, content: bytes) -> None:
    """Some crafted values are as good as the true ones (another salt, say); then decrypting gives some face."""
    refused = read = 0
    for name, data in crafted_records(content):
        Path("bad.riddle").write_bytes(data)
        before = riddle.files()
        if (line := why_refused("bad.riddle")) is not None:
            assert "\n" not in line, name
            assert len(line) < 600, name
            refused += 1
            continue
        read += 1
        assert riddle("inspect", "bad.riddle").status == 0, name
        result = riddle.decrypt("bad.riddle", "--face-only", "-o", "out.png")
        if result.status == 0:
            assert riddle.files() == before | {"out.png"}, name
            Path("out.png").unlink()
        else:
            riddle.refused(result, before=before)
    assert refused > 10 * len(HOSTILE)
    assert read < refused


def test_a_sample_of_crafted_records_on_the_command_line(riddle: Riddle, content: bytes) -> None:
    cases = []
    for name, data in crafted_records(content):
        Path("bad.riddle").write_bytes(data)
        if why_refused("bad.riddle") is not None:
            cases.append((name, data))
    assert all_refused(riddle, cases[::15]) > 15


def test_nothing_that_a_record_names_is_opened(riddle: Riddle, monkeypatch: pytest.MonkeyPatch) -> None:
    assert riddle.encrypt("photo.png").status == 0
    header, arrays = record_file.decode(Path("photo_anonymised.riddle").read_bytes())
    header["pack"]["name"] = header["encryptor"]["name"] = "..%2fpw"
    Path("bad.riddle").write_bytes(record_file.encode(header, arrays))
    opened: list[str] = []
    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *args, **options: opened.append(str(self)) or real(self, *args, **options)
    )
    assert riddle("inspect", "bad.riddle").status == 2
    assert {Path(name).name for name in opened} == {"bad.riddle"}


@pytest.fixture(scope="module")
def intact() -> bytes:
    """Of a record of no pack, for what needs no command line."""
    from tests.photos.record.test_record import make_record

    record = make_record()
    return record_file.encode(record._header(record.mode), record._open_arrays())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 400), noise=st.binary(max_size=300), keep_rest=st.booleans())
def test_noise_in_a_record(intact: bytes, start: int, noise: bytes, keep_rest: bool) -> None:
    data = intact[:start] + noise + (intact[start + len(noise) :] if keep_rest else b"")
    if data == intact:
        return
    with pytest.raises(RecordError):
        record_file.decode(data)
