"""If this fails, parts of the old face stay in the photo where BiSeNet took them for something else."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from riddle_pl.photos.paste.doubt import BITTEN, bitten, certain_classes

SIDE = 128
BACKGROUND, SKIN, RIGHT_BROW, LEFT_BROW, HAT, HAIR = 0, 1, 2, 3, 18, 17
FACE = (slice(30, 110), slice(30, 98))
PIECE = (slice(60, 80), slice(26, 50))


def labels(piece: int | None = None) -> Tensor:
    painted = torch.zeros(SIDE, SIDE, dtype=torch.long)
    painted[10:30, 30:98] = HAIR
    painted[FACE] = SKIN
    painted[48:52, 40:56], painted[48:52, 72:88] = RIGHT_BROW, LEFT_BROW
    if piece is not None:
        painted[PIECE] = piece
    return painted


class Parser:
    """Sees what an answer gives for the number of the question and the picture."""

    def __init__(self, answer: Callable[[int, Tensor], Tensor]):
        self.answer = answer
        self.asked: list[Tensor] = []

    def __call__(self, x: Tensor) -> Tensor:
        self.asked.append(x)
        return one_hot(self.answer(len(self.asked), x))


def one_hot(seen: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(seen[None], 19).permute(0, 3, 1, 2).float()


def smaller(seen: Tensor) -> Tensor:
    """The labels of a face that is shown smaller, in the middle."""
    small = torch.nn.functional.interpolate(seen[None, None].float(), (80, 80), mode="nearest")[0, 0].long()
    shown = torch.zeros(SIDE, SIDE, dtype=torch.long)
    shown[24:104, 24:104] = small
    return shown


def sides(seen: Tensor) -> Tensor:
    """The same with left and right exchanged, as a parser calls them in a mirror image."""
    return torch.where(seen == RIGHT_BROW, LEFT_BROW, torch.where(seen == LEFT_BROW, RIGHT_BROW, seen))


def face() -> Tensor:
    return torch.zeros(1, 3, SIDE, SIDE)


def answers(seen: Sequence[Tensor]) -> Callable[[int, Tensor], Tensor]:
    return lambda number, _: seen[number - 1]


@pytest.mark.parametrize("piece", [BACKGROUND, HAT])
def test_a_piece_that_is_no_face_is_bitten_out(piece: int) -> None:
    share = bitten(one_hot(labels(piece)))
    assert 4 * BITTEN < share < 20 * 20 / (80 * 68 - 20 * 20)  # less, since corners are round


@pytest.mark.parametrize("piece", [None, HAIR])
def test_a_whole_face_and_a_strand_of_hair_are_not_doubted(piece: int | None) -> None:
    assert bitten(one_hot(labels(piece))) < BITTEN


def test_a_certain_parse_is_taken_as_it_is() -> None:
    parser = Parser(answers([labels()]))
    assert torch.equal(certain_classes(parser, face()), one_hot(labels()))
    assert len(parser.asked) == 1


def test_what_is_seen_in_a_smaller_picture_counts_as_well() -> None:
    parser = Parser(answers([labels(BACKGROUND), smaller(labels()), sides(labels()).flip(-1)]))
    seen = certain_classes(parser, face())
    assert bitten(seen) <= BITTEN
    assert len(parser.asked) == 3
    assert (seen[0, SKIN, 64:76, 34:42] > 0.6).all()  # by two of three
    assert (seen[0, RIGHT_BROW, 49:51, 44:52] > 0.9).all()  # the mirror image's left one


def test_the_smaller_picture_is_the_face_with_its_border_continued() -> None:
    parser = Parser(lambda number, _: labels(BACKGROUND) if number == 1 else smaller(labels()))
    x = torch.linspace(-1, 1, SIDE).expand(1, 3, SIDE, SIDE)
    certain_classes(parser, x)
    shown = parser.asked[1]
    assert shown.shape == x.shape
    torch.testing.assert_close(shown[..., 24:104].mean(dim=(0, 1, 2)), torch.linspace(-1, 1, 80), atol=0.02, rtol=0)
    assert (shown[..., :24] == shown[..., 24:25]).all()


def test_what_is_before_the_face_stays_there_however_often_one_looks() -> None:
    covered = labels(BACKGROUND)
    mirrored = sides(covered).flip(-1)
    parser = Parser(answers([covered, smaller(covered), mirrored, smaller(mirrored)]))
    seen = certain_classes(parser, face())
    assert len(parser.asked) == 4
    assert (seen[0, BACKGROUND, 64:76, 34:42] > 0.9).all()


def test_each_face_is_doubted_for_itself() -> None:
    whole, covered = torch.zeros(1, 3, SIDE, SIDE), torch.ones(1, 3, SIDE, SIDE)

    parser = Parser(lambda _, x: labels() if float(x.mean()) == 0 else labels(BACKGROUND))
    seen = certain_classes(parser, torch.cat([whole, covered]))
    assert torch.equal(seen[:1], one_hot(labels()))
    assert [float(x.mean()) for x in parser.asked][:2] == [0.0, 1.0]
    assert len(parser.asked) > 2
