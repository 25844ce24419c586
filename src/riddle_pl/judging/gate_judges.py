"""Recognisers of the quality gate."""

from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.judging.dlib_recogniser import DlibRecogniser
from riddle_pl.judging.recognisers import PackEvaluator
from riddle_pl.packs import Pack

NOTE = (
    "encrypted faces are judged by the recogniser that trained the encryptor, a lenient judge; "
    "for an independent one: pip install 'riddle-pl[dlib]'"
)


class GateJudge(Protocol):
    """A recogniser that decides whether two FFHQ-aligned faces show one person."""

    @property
    def name(self) -> str: ...

    @property
    def note(self) -> str:
        """What the user should know about its impartiality; empty if nothing."""
        ...

    @property
    def same_person(self) -> float:
        """Cosine from which it takes two faces for the same person."""
        ...

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        """Embeddings of images in [-1, 1]."""
        ...


class PackJudge(PackEvaluator):
    """The pack's own recogniser. The encryptor was trained to deceive it: it is a lenient judge of encrypted faces.

    Args:
        pack: its ``recogniser`` judges.
        device: where it runs.
    """

    same_person = 0.572
    """That of the lite pack's: 1 in 1000 pairs of different people exceed it (5,997 pairs of LFW, 128 px; a test
    measures it again)."""

    def __init__(self, pack: Pack, device: torch.device | str = "cpu"):
        super().__init__(pack, str(device), NOTE)


def best_judge(pack: Pack, device: torch.device | str = "cpu") -> GateJudge:
    """dlib's where the extra is installed, else the pack's, whose note says what that means."""
    return DlibRecogniser() if DlibRecogniser.available() else PackJudge(pack, device)
