"""``attack=linkage``: links records of one photo to each other, and to the photo."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.attacks.attack import Attack, figure
from riddle_pl.evaluation.attacks.target import Codes, Faces, Target
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.judging.metrics.codes import TINY, ranks
from riddle_pl.networks.encryptors.involutive import InvolutiveEncryptor
from riddle_pl.networks.encryptors.padded import PaddedEncryptor

WITHIN = (1, 10)
View = Callable[[Target, Codes], Float[Tensor, "m f"]]
"""From target and codes to the compared features."""


class CodeRegression:
    """Ridge regression of a code on its encryption, trained on other people under many passwords.

    One linear map for all layers, between codes centred by layer.

    Args:
        w_enc: encrypted training codes.
        w: training codes.
    """

    def __init__(self, w_enc: Float[Tensor, "m n d"], w: Float[Tensor, "m n d"]):
        self.mean, self.mean_enc = w.mean(dim=0), w_enc.mean(dim=0)
        x, y = ((side - side.mean(dim=0)).flatten(0, 1).double() for side in (w_enc, w))
        gram = x.T @ x
        ridge = 1e-6 * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
        self.map: Tensor = torch.linalg.solve(gram + ridge, x.T @ y).to(w)

    def __call__(self, w_enc: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        w: Tensor = (w_enc - self.mean_enc) @ self.map + self.mean
        return w

    def share(self, w_enc: Float[Tensor, "b n d"], w: Float[Tensor, "b n d"]) -> Float[Tensor, "b"]:
        """Per face; the mean is the coefficient of determination R², relative to the mean of the training codes."""
        missed = (self(w_enc) - w).square().sum(dim=(1, 2))
        return 1.0 - missed / (w - self.mean).square().sum(dim=(1, 2)).mean()


class Linkage(Attack):
    """The attacker has all photos and two records of each, under two passwords; links records to records or photos.

    Both records hold the same code, since a re-encoded photo has another one. To centre queries, the attacker encrypts
    the gallery under passwords of their own. Public coordinates and contexts of a padded encryptor are unencrypted by
    design: linkage by them is reported separately, and excluded from that by secret coordinates. The code itself and
    the regression include both.
    """

    has: ClassVar[str] = (
        "records and photos of many people; looks for a record's photo, the other record of that, and another photo of "
        "the person"
    )

    @property
    def victims(self) -> int:
        return max(WITHIN) + 1

    def run(self, target: Target, faces: Faces) -> list[Measurement]:
        rng = target.rng("linkage")
        w, public = faces.victims.float(), faces.public.float()
        around, around_public = target.around(faces.around), target.around(faces.public_around)
        first, second = (around.encrypt(faces.victims, rng).float() for _ in range(2))
        views = {name: partial(view, around) for name, view in _views(around, public).items()}
        clear = {name: _found(view(w), view(w), view(w).mean(dim=0)) for name, view in views.items()}
        figures = []
        for title, gallery in (("record to its photo's other record", second), ("record to its photo", w)):
            for name, view in views.items():
                queries, centre = view(first), view(second).mean(dim=0)
                found = _found(queries, view(gallery), centre)
                figures += _figures(target, f"{title}, by {name}", found, clear[name])
        if len(faces.rows) > max(WITHIN):
            others, of_others = faces.others.float(), target.around(faces.others_around)
            some = around.at(faces.rows)
            for name, look in _views(around, public).items():
                found, unhidden = (
                    _found(look(some, codes[faces.rows]), look(of_others, others), views[name](codes).mean(dim=0))
                    for codes in (first, w)
                )
                figures += _figures(target, f"record to another photo of the person, by {name}", found, unhidden)
        reading = CodeRegression(around_public.encrypt(faces.public, rng).float(), public)
        read, centre = reading(first).flatten(1), reading(second).flatten(1).mean(dim=0)
        found, exact = _found(read, w.flatten(1), centre), torch.ones(len(w))
        figures += _figures(target, "record to its photo, by a linear reading of the code", found, exact)
        share = target.estimate(reading.share(first, w))
        return [*figures, figure("share of the code's variance that a linear reading finds", share, 0.0, 1.0)]


def _secret(target: Target, public: Codes) -> View:
    """Coordinates that the encryptor operates on; else the standardised code."""
    encryptor = target.encryptor
    if isinstance(encryptor, PaddedEncryptor):
        return lambda around, w: around.coordinates(w)[:, encryptor.public :].float()
    if isinstance(encryptor, InvolutiveEncryptor):
        return lambda _, w: encryptor.coordinates(w).flatten(1)
    mean, deviation = public.mean(dim=0), public.std(dim=0) + TINY
    return lambda _, w: ((w - mean) / deviation).flatten(1)


def _views(target: Target, public: Codes) -> dict[str, View]:
    encryptor, secret = target.encryptor, _secret(target, public)
    views: dict[str, View] = {
        "the code itself": lambda _, w: w.flatten(1),
        "the absolute values of its secret coordinates": lambda around, w: secret(around, w).abs(),
        "the norm of its secret coordinates": lambda around, w: secret(around, w).norm(dim=1, keepdim=True),
    }
    if isinstance(encryptor, InvolutiveEncryptor):
        views["lengths of the pairs that T reflects"] = lambda around, w: pair_lengths(secret(around, w))
    if isinstance(encryptor, PaddedEncryptor):
        views["its secret coordinates"] = secret
        if encryptor.public:
            views["its public part"] = lambda around, w: around.coordinates(w)[:, : encryptor.public].float()
        if target.context is not None:
            views["its context"] = lambda around, w: _context(around)
    return views


def _context(target: Target) -> Float[Tensor, "m k"]:
    if target.context is None:
        raise TypeError("the target is around no faces")
    return target.context.float()


def pair_lengths(v: Float[Tensor, "m f"]) -> Float[Tensor, "m h"]:
    """Lengths of the coordinate pairs (0, 1), (2, 3), ...: the invariants of reflections of each pair."""
    return (v[:, 0::2].square() + v[:, 1::2].square()).sqrt()


def _found(queries: Float[Tensor, "m f"], gallery: Float[Tensor, "m f"], centre: Float[Tensor, "f"]) -> Tensor:
    """The rank of each query's own row."""
    return ranks(queries, gallery, torch.arange(len(queries)), centre)


def _figures(target: Target, title: str, found: Tensor, clear: Tensor) -> list[Measurement]:
    return [
        figure(
            f"{title}: among the first {k}" if k > 1 else f"{title}: first",
            target.estimate(found <= k),
            k / len(found),
            float((clear <= k).float().mean()),
            digits=4,
        )
        for k in WITHIN
    ]
