"""``audit=leaks``: what records give away without the password, measured by attacking them."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.auditing.archives import FaceArchives, drawn
from riddle_pl.auditing.audit import Audit, Bench, Figure, Findings
from riddle_pl.auditing.leak_attacks import (
    Components,
    LinearReading,
    fit_password,
    movement,
    pair_lengths,
    rank_one,
    wrong_above,
)
from riddle_pl.auditing.samples import draw
from riddle_pl.data.progress import track
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.evaluation.lfw import LFW
from riddle_pl.inversion import Inversion
from riddle_pl.networks.encryptor_involution import InvolutiveEncryptor
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.password import PasswordTokens, random_passwords
from riddle_pl.pretraining.faces import to_float

START_PASSWORDS = 200
"""Whose mean is where the fit of a password begins."""

Codes = Float[Tensor, "m n d"]


class Target(NamedTuple):
    """What is attacked, on the bench's device, and how much of it the attackers know: all but the passwords."""

    generator: FaceGenerator
    encryptor: nn.Module
    tokens: PasswordTokens
    batch_size: int
    rng: torch.Generator

    def passwords(self, count: int) -> Codes:
        """Latents of random passwords, distributed as those of texts are."""
        return random_passwords(count, self.generator, self.tokens, self.rng)

    @torch.no_grad()
    def __call__(self, w: Codes, w_pwd: Codes) -> Codes:
        """T, a batch at a time."""
        pairs = zip(w.split(self.batch_size), w_pwd.split(self.batch_size), strict=True)
        return torch.cat([self.encryptor(*pair) for pair in pairs])


class LeaksAudit(Audit):
    """Encrypts faces of LFW and lets attackers without a password have the records, the pack and public faces.

    Args:
        inversion: how codes are found.
        people: the victims.
        faces: archives of public faces, on which attackers learn; no victim is among them.
        encryptor: role in the pack.
        public: public faces, at most.
        components: principal components of the public faces' codes.
        records: on which guesses of the password are tested.
        guesses: wrong passwords, beside the right one.
        photos: in each of which one face is known, and ``others`` under the same password are not.
        others: see ``photos``.
        steps: of Adam, to find a password latent.

    Raises:
        ConfigError: a value is out of range.
    """

    heading = "## What records leak"

    def __init__(
        self,
        inversion: Inversion,
        people: LFW,
        faces: FaceArchives,
        encryptor: str = "encryptor",
        public: int = 2000,
        components: int = 600,
        records: int = 50,
        guesses: int = 200,
        photos: int = 8,
        others: int = 4,
        steps: int = 600,
    ):
        least = {"public": public, "components": components, "records": records, "guesses": guesses}
        least |= {"photos": photos, "others": others, "steps": steps}
        if low := [f"audit.{name}={value}" for name, value in least.items() if value < 1]:
            raise ConfigError(f"{', '.join(low)}; give at least 1")
        if public <= components:
            raise ConfigError(f"audit.components={components} needs more faces than audit.public={public}")
        self.inversion = inversion
        self.people = people
        self.faces = faces
        self.role = encryptor
        self.public = public
        self.components = components
        self.records = records
        self.guesses = guesses
        self.photos = photos
        self.others = others
        self.steps = steps

    def check(self, bench: Bench) -> None:
        bench.require_encryptor(self.role)
        for role in ("generator", "recogniser"):
            bench.pack.verify(role)
        self.people.check()
        self.faces.check()
        self.inversion.check()
        needed = max(self.records, self.photos * (1 + self.others))
        if self.people.total < needed:
            raise DataError(f"audit.people has {self.people.total} people; {needed} are needed: give fewer records")

    def run(self, bench: Bench) -> Findings:
        findings = Findings(notes=list(NOTES))
        w = self._codes(bench, torch.cat([x for _, x in self.people.held_out(bench.seed, bench.pack.size)]), "victims")
        train = drawn(self.faces.train(bench.pack.size), self.public, bench.seed)
        public = self._codes(bench, to_float(train.images), "public faces")
        network, tokens = bench.pack.encryptor(self.role)
        rng = torch.Generator().manual_seed(bench.seed)
        target = Target(bench.generator(), network.to(bench.device), tokens, bench.batch_size, rng)
        findings.about["faces"] = (
            f"{len(w):,} people of LFW, one photo each; attackers learn on {len(public):,} of "
            f"{', '.join(self.faces.archives)}; invert={self.inversion.name}"
        )
        findings.figures += self._linkage(bench, target, w, public)
        findings.figures += self._guesses(bench, target, w, public)
        findings.figures += self._known_face(bench, target, w)
        return findings

    def _codes(self, bench: Bench, x: Float[Tensor, "m 3 h h"], what: str) -> Codes:
        parts = x.split(bench.batch_size)
        return torch.cat([self.inversion(part) for part in track(parts, len(parts), what, bench.quiet)]).to(
            bench.device
        )

    def _linkage(self, bench: Bench, target: Target, w: Codes, public: Codes) -> list[Figure]:
        """Records of one photo, and the photo of a record."""
        reading = LinearReading(target(public, target.passwords(len(public))), public)
        first, second = (target(w, target.passwords(len(w))) for _ in range(2))
        views: dict[str, Callable[[Codes], Tensor]] = {"the code itself": lambda code: code.flatten(1)}
        if isinstance(target.encryptor, InvolutiveEncryptor):
            coordinates = target.encryptor.coordinates
            views["lengths of the pairs that T reflects"] = lambda code: pair_lengths(coordinates(code))
        own, section = torch.arange(len(w)), f"Found among {len(w):,}, without a password (chance {1 / len(w):.4f})"
        figures = []
        for title, query, gallery in (("other record of a photo", first, second), ("photo of a record", first, w)):
            for name, view in views.items():
                found = rank_one(view(query), view(gallery), own, view(second).mean(dim=0))
                figures.append(Figure.of(section, f"{title}, by {name}", bench.estimate(found), "lower"))
        read, centre = reading(first).flatten(1), reading(second).flatten(1).mean(dim=0)
        found = rank_one(read, w.flatten(1), own, centre)
        return [
            *figures,
            Figure.of(section, "photo of a record, by a linear reading of its code", bench.estimate(found), "lower"),
            Figure.of(
                "Copied in clear",
                "share of the codes' distance from the public mean, squared, that a linear reading finds",
                bench.estimate(reading.share(first, w)),
                "lower",
            ),
        ]

    def _guesses(self, bench: Bench, target: Target, w: Codes, public: Codes) -> list[Figure]:
        """The right password among wrong ones."""
        components = Components.of(public, self.components)
        w = w[: self.records]
        right = target.passwords(len(w))
        w_enc = target(w, right)
        wrong = target.passwords(self.guesses)
        moves, outside = [], []
        for code, password in track(list(zip(w_enc, right, strict=True)), len(w), "guessing", bench.quiet):
            passwords = torch.cat([password[None], wrong])
            opened = target(code.expand_as(passwords), passwords)
            moves.append(movement(opened, code))
            outside.append(components.outside(opened))
        section = f"The right password among {self.guesses} wrong ones"
        figures = []
        for name, scores in (
            ("by how far T(w_enc, p) lies from w_enc", torch.stack(moves)),
            (f"by the share outside {len(components.rows)} components of public codes", torch.stack(outside)),
        ):
            above = wrong_above(scores)
            first = (above == 1.0).float()
            figures += [
                Figure.of(section, f"area under the ROC curve, {name}", bench.estimate(above), "lower"),
                Figure.of(section, f"comes first, {name}", bench.estimate(first), "lower"),
            ]
        return figures

    def _known_face(self, bench: Bench, target: Target, w: Codes) -> list[Figure]:
        """The other faces under the password of one that is known."""
        size = 1 + self.others
        faces = w[: self.photos * size].unflatten(0, (self.photos, size))
        w_enc = target(faces.flatten(0, 1), target.passwords(self.photos).repeat_interleave(size, dim=0))
        start = target.passwords(START_PASSWORDS).mean(dim=0)[: target.tokens.count(w.shape[1])]
        rows = w_enc.unflatten(0, faces.shape[:2])
        found = fit_password(target.encryptor, rows[:, :1], faces[:, :1], start, self.steps)
        others, section = rows[:, 1:].flatten(0, 1), "The other faces of a photo, one face known"
        own = torch.arange(len(faces) * size).unflatten(0, (self.photos, size))[:, 1:].flatten()
        originals = self._embeddings(bench, target, w[own])
        figures = []
        for name, passwords, better in (
            ("fitted password", found, "lower"),
            ("wrong password, to compare", target.passwords(self.photos), ""),
        ):
            opened = target(others, passwords.repeat_interleave(self.others, dim=0))
            cosines = (self._embeddings(bench, target, opened) * originals).sum(dim=1)
            named = rank_one(opened.flatten(1), w.flatten(1), own, w.flatten(1).mean(dim=0))
            figures += [
                Figure.of(section, f"cosine to the original by the pack's recogniser, {name}", bench.estimate(cosines)),
                Figure.of(section, f"found among {len(w):,} codes, {name}", bench.estimate(named), better),
            ]
        return figures

    def _embeddings(self, bench: Bench, target: Target, w: Codes) -> Float[Tensor, "m e"]:
        recogniser = bench.pack.load("recogniser").to(bench.device)
        parts = draw(target.generator, w, bench.batch_size).split(bench.batch_size)
        with torch.no_grad():
            return torch.cat([F.normalize(recogniser(part.to(bench.device)), dim=1).cpu() for part in parts])


NOTES = (
    "Nobody who attacks has a password; all have the records, the pack and public faces. A code is what a record holds "
    "of a face, whether it is deniable or sealed.",
    "Two records of a photo: two encryptions of one code under two passwords. A re-encoded photo has another code. Who "
    "looks for a record's photo encrypts those of the gallery under passwords of their own, to know what records lie "
    "around.",
    "One face known: a password latent is fitted by Adam until T takes the known face's encrypted code to its own. It "
    "opens what shares password and salt: the faces of a photo, or an album made with --linkable.",
    "These attacks are few and simple. That one of them fails does not say that a better one would.",
)
