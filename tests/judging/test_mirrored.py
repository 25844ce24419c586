"""If this fails, the card's accuracy of photos with their mirror images is of something else."""

import torch
from torch.testing import assert_close

from riddle_pl.judging.mirrored import MirroredRecogniser
from riddle_pl.judging.recognisers import PackEvaluator


def test_a_face_and_its_mirror_image_are_one_and_are_told_from_a_single_look(tiny_pack):
    looks = PackEvaluator(tiny_pack, "cpu")
    judge = MirroredRecogniser(looks)
    x = torch.rand(3, 3, tiny_pack.size, tiny_pack.size) * 2 - 1
    assert_close(judge.embed(x), looks.embed(x) + looks.embed(x.flip(-1)))
    assert_close(judge.embed(x), judge.embed(x.flip(-1)))
    assert not torch.allclose(looks.embed(x), looks.embed(x.flip(-1)))
    assert judge.fingerprint != looks.fingerprint  # cached cosines are of one or the other
    assert judge.name != looks.name
    assert judge.used_in_training_loss
