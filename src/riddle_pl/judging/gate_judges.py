"""Recognisers of the quality gate."""

from functools import cached_property
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.judging.dlib_recogniser import LFW_COSINE_THRESHOLD, DlibRecogniser
from riddle_pl.packs import Pack


class Judge(Protocol):
    """Embeds FFHQ-aligned faces."""

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


class DlibJudge:
    """dlib's recogniser, which trained nothing of ours (extra ``[dlib]``)."""

    name = "dlib"
    note = ""
    same_person = LFW_COSINE_THRESHOLD

    def __init__(self) -> None:
        self._recogniser = DlibRecogniser()

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 128"]:
        return self._recogniser.embed(x)


class PackJudge:
    """The pack's own recogniser. The encryptor was trained to deceive it: it is a lenient judge of encrypted faces.

    Args:
        pack: its ``recogniser`` judges.
        device: where it runs.
    """

    name = "pack"
    note = (
        "encrypted faces are judged by the recogniser that trained the encryptor, a lenient judge; "
        "for an independent one: pip install 'riddle-pl[dlib]'"
    )
    same_person = 0.572
    """That of the lite pack's: 1 in 1000 pairs of different people exceed it (5,997 pairs of LFW, 128 px; a test
    measures it again)."""

    def __init__(self, pack: Pack, device: torch.device | str = "cpu"):
        self.pack = pack
        self.device = torch.device(device)

    @cached_property
    def _network(self) -> nn.Module:
        return self.pack.load("recogniser").to(self.device)

    @torch.no_grad()
    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        embeddings: Tensor = self._network(x.to(self.device))
        return embeddings.cpu()


def best_judge(pack: Pack, device: torch.device | str = "cpu") -> Judge:
    """dlib's where the extra is installed, else the pack's, whose note says what that means."""
    return DlibJudge() if DlibRecogniser.available() else PackJudge(pack, device)
