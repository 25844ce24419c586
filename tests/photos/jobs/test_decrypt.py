"""If this fails, Python users cannot decrypt a folder of records, or one bad record ends the job."""

from pathlib import Path

import pytest

from riddle_pl.errors import FileError, PasswordError
from riddle_pl.faces.load import load_image
from riddle_pl.photos.jobs.decrypt import Decryption, recover_all
from riddle_pl.photos.jobs.recover import plan_recovery
from riddle_pl.photos.pseudonymise import Pseudonymiser
from tests.photos.fakes import fake_photo
from tests.photos.record.test_record import make_record


class Painter(Pseudonymiser):
    """Recovers every record as one picture; refuses a password."""

    def __init__(self) -> None:  # no networks
        pass

    def decrypt(self, _record, password, *_arguments, **_options):
        if password == "refused":
            raise PasswordError("the password is wrong")
        return fake_photo()


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    for name in "ab":
        make_record(1, 4).save(folder / f"{name}_anonymised.riddle")
    (folder / "broken_anonymised.riddle").write_bytes(b"no record")
    return folder


def test_a_folder_is_recovered_and_what_is_at_fault_is_skipped(records: Path) -> None:
    made = []

    def build(_record):
        made.append(Painter())
        return made[-1]

    plan = plan_recovery([records], records.parent / "out")
    plan[0].target.parent.mkdir()
    plan[0].target.write_text("a file of the user's")
    found = list(recover_all(Decryption(build), plan))
    assert [one.item for one in found] == plan
    assert [one.record is not None for one in found] == [False, True, False]
    assert "a_recovered.png" in str(found[0].error)
    assert plan[0].target.read_text() == "a file of the user's"
    assert load_image(plan[1].target).shape == fake_photo().shape
    assert not plan[2].target.exists()
    assert len(made) == 1  # one for records that were made in one way


def test_a_refused_password_is_told_of_each_record_and_a_lost_folder_ends_the_job(records: Path) -> None:
    refused = Decryption(lambda _record: Painter(), password="refused")
    plan = plan_recovery([records], records.parent / "out")[:2]
    assert [str(one.error) for one in recover_all(refused, plan)] == ["the password is wrong"] * 2
    (records.parent / "out").write_text("no folder")
    with pytest.raises(FileError):
        list(recover_all(Decryption(lambda _record: Painter()), plan))
