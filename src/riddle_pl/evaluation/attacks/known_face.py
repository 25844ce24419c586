"""``attack=known_face``: a known-plaintext attack on the other faces under the same password."""

from collections.abc import Callable
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.attacks.attack import Attack, figure, require_positive
from riddle_pl.evaluation.attacks.target import Codes, Faces, Target
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.judging.metrics.codes import TINY, ranks
from riddle_pl.networks.encryptors.padded import MODULUS, PaddedEncryptor, to_words, uniforms

Transform = Callable[[Tensor, Tensor], Tensor]
"""T: codes and password latents, both (b, n, d), to codes."""

START_PASSWORDS = 200
"""Passwords whose mean initialises the fit."""
FAR = 1e-3


@torch.enable_grad()
def fit_password(
    transform: Transform,
    w_enc: Float[Tensor, "g k n d"],
    w: Float[Tensor, "g k n d"],
    start: Float[Tensor, "t d"],
    steps: int = 600,
    learning_rate: float = 0.3,
) -> Float[Tensor, "g n d"]:
    """Fits a password latent q for each of g photos to k known faces: Adam on |T(w_enc, q) - w|².

    Args:
        transform: T.
        w_enc: codes in the record.
        w: the known faces' codes.
        start: initial password latent, with one token per layer or one for all layers.
        steps: of Adam, with cosine decay of the learning rate to zero.
        learning_rate: at the start, in standard deviations of the codes.
    """
    photos, known, layers, _ = w.shape
    scale = float((w - w.mean(dim=(0, 1))).std()) + TINY
    moved = torch.zeros(photos, *start.shape, device=w.device, requires_grad=True)
    optimizer = torch.optim.Adam([moved], lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

    def latent() -> Tensor:
        return (start + scale * moved).expand(photos, layers, -1)

    for _ in range(steps):
        opened = transform(w_enc.flatten(0, 1), latent().repeat_interleave(known, dim=0))
        loss = ((opened - w.flatten(0, 1)) / scale).square().mean(dim=(1, 2)).sum()
        (moved.grad,) = torch.autograd.grad(loss, moved)
        optimizer.step()
        schedule.step()
    return latent().detach()


def stream_of(target: Target, public: int, w: Codes, w_enc: Codes) -> Codes:
    """The key stream that maps each code to its encryption by a padded encryptor; 0.5 where unused.

    Args:
        target: the attacked encryptor, in the contexts of the faces.
        public: number of unencrypted coordinates.
        w, w_enc: codes of these faces, and their encryptions.
    """
    first, second = (to_words(target.coordinates(code)[:, public:]) for code in (w, w_enc))
    stream = torch.full(w.shape, 0.5, dtype=torch.float64, device=w.device).flatten(1)
    stream[:, : first.shape[1]] = uniforms((first + second).remainder(MODULUS))
    return stream.view(w.shape)


class KnownFace(Attack):
    """The attacker has records of some photos and the code of one face of each, and decrypts the other faces.

    A learned T is smooth in the password: Adam fits a latent that maps the known face's encrypted code to its code. It
    decrypts faces with the same password, salt and nonce: those of a record of format 1, or images made with
    --linkable. Faces of a padded encryptor never share a key stream: the attacker computes that of the known face
    exactly and applies it to the others.

    Args:
        photos: number of photos, with one known and ``others`` unknown faces each.
        others: see ``photos``.
        steps: of Adam, to find a password latent.
        strangers: victims whose pairs calibrate the recogniser's threshold at a false-accept rate of 1e-3.

    Raises:
        ConfigError: a value is out of range.
    """

    has: ClassVar[str] = "one face's photo of each record; opens the record's other faces with what fits the known one"
    roles: ClassVar[tuple[str, ...]] = ("recogniser",)

    def __init__(self, photos: int = 8, others: int = 4, steps: int = 600, strangers: int = 200):
        require_positive("known_face", photos=photos, others=others, steps=steps, strangers=strangers - 1)
        self.photos = photos
        self.others = others
        self.steps = steps
        self.strangers = strangers

    @property
    def victims(self) -> int:
        return max(self.photos * (1 + self.others), self.strangers)

    def run(self, target: Target, faces: Faces) -> list[Measurement]:
        rng, w = target.rng("known_face"), faces.victims
        size = 1 + self.others
        known = w[: self.photos * size].unflatten(0, (self.photos, size))
        victims = target.around(faces.around)
        w_enc, found = self._records(victims.at(slice(0, self.photos * size)), known, rng)
        others = w_enc[:, 1:].flatten(0, 1)
        own = torch.arange(self.photos * size).unflatten(0, (self.photos, size))[:, 1:].flatten()
        recogniser = target.recogniser().to(w.device)
        originals = target.recognised(w[own], recogniser)
        threshold = self._threshold(target.recognised(w[: self.strangers], recogniser))
        figures = []
        for name, passwords in (("what fits it", found), ("a wrong password", target.passwords(self.photos, rng))):
            opened = victims.at(own)(others, passwords.repeat_interleave(self.others, dim=0))
            cosines = (target.recognised(opened, recogniser) * originals).sum(dim=1)
            first = ranks(opened.flatten(1).float(), w.flatten(1).float(), own, w.flatten(1).mean(dim=0).float()) <= 1
            title = f"other faces by {name}"
            figures += [
                figure(f"{title}: the original's person at FAR 1e-3", target.estimate(cosines > threshold), FAR, 1),
                figure(f"{title}: cosine to the original, pack's recogniser", target.estimate(cosines), None, 1),
                figure(f"{title}: original first among the codes", target.estimate(first), 1 / len(w), 1),
            ]
        return figures

    def _records(self, target: Target, faces: Float[Tensor, "g k n d"], rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Encrypted codes, and the password latents fitted to the first face of each record."""
        photos, size = faces.shape[:2]
        if isinstance(target.encryptor, PaddedEncryptor):
            w_enc = target.encrypt(faces.flatten(0, 1), rng).unflatten(0, (photos, size))
            first = torch.arange(0, photos * size, size)
            return w_enc, stream_of(target.at(first), target.encryptor.public, faces[:, 0], w_enc[:, 0])
        passwords = target.passwords(photos, rng).repeat_interleave(size, dim=0)
        w_enc = target(faces.flatten(0, 1), passwords).unflatten(0, (photos, size))
        start = target.passwords(START_PASSWORDS, rng).mean(dim=0)[: target.tokens.count(faces.shape[2])]
        return w_enc, fit_password(target.encryptor, w_enc[:, :1], faces[:, :1], start, self.steps)

    def _threshold(self, embeddings: Float[Tensor, "s e"]) -> float:
        cosines = embeddings @ embeddings.T
        i, j = torch.triu_indices(len(cosines), len(cosines), offset=1)
        return float(cosines[i, j].quantile(1.0 - FAR))
