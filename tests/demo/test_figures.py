"""The demo's captions and its table would say of a face what is true of another one, or of another reference."""

import numpy as np
import pytest
import torch
from rich.console import Console

from riddle_pl.demo.figures import Figures, measure, table_of
from riddle_pl.demo.pipeline import COLUMNS, DemoFace
from riddle_pl.demo.sheet import BAD, CELL, GAP, GOOD, HEADING, LEFT, draw_sheet, verdict
from riddle_pl.demo.stages import Stages

ANGLES = {"photo": 0, "inversion": 30, "encrypted_1": 90, "encrypted_2": 120, "recovered": 20, "wrong_1": 60}


class ByAngle:
    """Embeds an image of one colour as a direction: red in units of 180 degrees."""

    name = "angle"
    note = ""
    same_person = 0.8

    def embed(self, x):
        angle = x[:, 0, 0, 0] * torch.pi
        return 3.0 * torch.stack([angle.cos(), angle.sin()], dim=1)


def demo_face(turn: float = 0.0) -> DemoFace:
    """Images of one colour; ``turn`` degrees are added to all but photo and inversion."""
    degrees = {name: ANGLES.get(name, 0) + (0 if name in ("photo", "inversion") else turn) for name in COLUMNS}
    return DemoFace("someone", {name: torch.full((1, 3, 4, 4), angle / 180) for name, angle in degrees.items()})


@pytest.fixture
def figures() -> Figures:
    return measure([demo_face(), demo_face(turn=30)], ByAngle())


def test_each_image_is_compared_with_its_photo_and_its_inversion(figures):
    def cosines(*degrees):
        return torch.tensor([np.cos(np.radians(d)) for d in degrees], dtype=torch.float32)

    of = figures.cosines
    torch.testing.assert_close(of["photo"]["inversion"], cosines(30, 30))
    torch.testing.assert_close(of["photo"]["recovered"], cosines(20, 50))
    torch.testing.assert_close(of["inversion"]["recovered"], cosines(10, 20))
    torch.testing.assert_close(of["inversion"]["encrypted_1"], cosines(60, 90))
    torch.testing.assert_close(of["photo"]["photo"], cosines(0, 0))
    torch.testing.assert_close(figures.pairs["encrypted_2"], cosines(30))
    torch.testing.assert_close(figures.pairs["inversion"], cosines(0))
    assert (figures.judge, figures.threshold) == ("angle", 0.8)


def test_the_table_counts_who_is_taken_for_the_same_person(figures, capsys):
    Console(width=200).print(table_of(figures))
    lines = {line.split("│")[1].strip(): line for line in capsys.readouterr().out.splitlines() if line.startswith("│")}
    against_photo = [cell.strip() for cell in lines["with the photo"].split("│")[2:-1]]
    against_inversion = [cell.strip() for cell in lines["with the inversion"].split("│")[2:-1]]
    assert against_photo[0] == "0.866  2 of 2"
    assert against_photo[3] == "0.791  1 of 2"  # the recovered: 0.940 and 0.643
    assert against_inversion[0] == ""
    assert against_inversion[3].endswith("2 of 2")
    assert [cell.strip() for cell in lines["two people, same column"].split("│")[2:-1]][1] == "0.866  1 of 1"
    assert len(against_photo) == len(against_inversion) == 6


def test_verdicts(figures):
    assert verdict(figures, "inversion", 0) == ("0.87 same person", GOOD)
    assert verdict(figures, "recovered", 0) == ("0.98 same person", GOOD)
    assert verdict(figures, "encrypted_1", 0) == ("0.50 another person", GOOD)
    assert verdict(figures, "wrong_1", 0) == ("0.87 same person", BAD)
    far = Figures("angle", 0.99, figures.cosines, figures.pairs)
    assert verdict(far, "recovered", 0) == ("0.98 another person", BAD)
    assert verdict(far, "wrong_1", 0)[1] == GOOD


def test_sheet_shows_each_image_in_its_place():
    greys = {name: torch.full((1, 3, 8, 8), -1 + 2 * i / 6) for i, name in enumerate(COLUMNS)}
    one = DemoFace("someone", greys)
    sheet = np.asarray(draw_sheet([one], measure([one], ByAngle()), "a footnote"))
    middles = [sheet[HEADING + CELL // 2, LEFT + i * (CELL + GAP) + CELL // 2, 0] for i in range(len(COLUMNS))]
    np.testing.assert_allclose(middles, [255 * i / 6 for i in range(7)], atol=2)
    assert (sheet[:HEADING] < 128).any()
    assert (sheet[HEADING + CELL :, LEFT + CELL + GAP :].min(axis=2) < 128).any()


def test_stages_add_up_their_seconds_also_where_one_fails(monkeypatch):
    clock = iter([0.0, 2.0, 5.0, 6.0, 10.0, 13.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    stages = Stages()
    with stages("faces"):
        pass
    with pytest.raises(KeyError), stages("photos"):
        raise KeyError
    with stages("faces"):
        pass
    assert stages.seconds == {"faces": 5.0, "photos": 1.0}
    assert stages.line() == "6 s: faces 5.0, photos 1.0"
