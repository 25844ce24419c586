"""The `riddle` fixture: the command in a folder of its own, on the tiny pack."""

import pytest

from tests.cli.riddle_command import Riddle


@pytest.fixture
def riddle(tmp_path, tiny_pack_folder, capfd, monkeypatch) -> Riddle:
    """The command line, in an empty folder with a photo and a password file."""
    folder = tmp_path / "here"
    folder.mkdir()
    return Riddle(folder, tiny_pack_folder, capfd, monkeypatch)
