"""If this fails, a piece of the old glasses hangs beside the new face, or more of the photo changes than that."""

import torch

from riddle_pl.photos.paste.regions import Regions
from riddle_pl.photos.paste.uncovered import uncovered

SIDE = 128
WALL, FRAME, FACE = 0.5, -0.9, 0.0


def painted(glasses: bool) -> tuple[torch.Tensor, Regions]:
    """A wall with a face; a frame reaches from it, of which the parser sees the first half."""
    photo = torch.full((1, 3, SIDE, SIDE), WALL)
    face, seen = torch.zeros(2, 1, 1, SIDE, SIDE)
    photo[..., 50:110, 30:80], face[..., 50:110, 30:80] = FACE, 1.0
    if glasses:
        photo[..., 60:66, 80:92], seen[..., 60:66, 80:86] = FRAME, 1.0
    none = torch.zeros_like(face)
    return photo, Regions(face, none, face, none, face, seen)


def pasted(glasses: bool) -> torch.Tensor:
    photo, theirs = painted(glasses)
    x, mask = uncovered(torch.full((1, 3, 64, 64), 1.0), theirs.face, photo, theirs)
    large = torch.nn.functional.interpolate(x, (SIDE, SIDE), mode="bilinear")
    return torch.lerp(photo, large, mask)[0, 0]


def test_the_whole_frame_becomes_wall_and_the_face_stays_new() -> None:
    result = pasted(True)
    assert (result[60:66, 83:92] - WALL).abs().max() < 0.1
    assert (result[55:105, 35:76] == 1.0).all()


def test_what_is_far_from_the_frame_is_not_touched() -> None:
    photo, _ = painted(True)
    result = pasted(True)
    assert torch.equal(result[:, 100:], photo[0, 0, :, 100:])
    assert torch.equal(result[80:, 84:], photo[0, 0, 80:, 84:])


def test_without_glasses_face_and_mask_are_as_given() -> None:
    photo, theirs = painted(False)
    x = torch.rand(1, 3, 64, 64)
    shown, mask = uncovered(x, theirs.face, photo, theirs)
    assert shown is x
    assert mask is theirs.face
