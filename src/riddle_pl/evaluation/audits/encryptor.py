"""``audit=encryptor``: time and size. ``riddle-eval`` measures its pictures, ``riddle-attack`` its records."""

import time
from collections.abc import Callable

import torch

from riddle_pl.device import hardware_name
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.audits.audit import Audit, AuditContext, Findings
from riddle_pl.evaluation.audits.samples import codes, draw
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.inversion import Inversion
from riddle_pl.key import KdfParams, derive_key
from riddle_pl.password import key_latent

MEGABYTE = 1_000_000


class EncryptorAudit(Audit):
    """Times loading and encrypting, and adds up the sizes of the pack's files.

    Args:
        inversion: how the code of the face is found, which takes most of the time.
        encryptor: role of the encryptor.
        repeats: each time is the median of so many.

    Raises:
        ConfigError: a value is out of range.
    """

    def __init__(self, inversion: Inversion, encryptor: str = "encryptor", repeats: int = 9):
        if repeats < 1:
            raise ConfigError(f"audit.repeats={repeats}; give at least 1")
        self.inversion = inversion
        self.role = encryptor
        self.repeats = repeats

    def check(self, context: AuditContext) -> None:
        context.require_encryptor(self.role)
        context.pack.check("generator")
        self.inversion.check()

    @torch.no_grad()
    def run(self, context: AuditContext) -> Findings:
        pack, device = context.pack, context.device
        findings = Findings(notes=list(NOTES))
        roles = dict.fromkeys(("generator", *self.inversion.needed, self.role))
        loading = self._median(lambda: [pack.load(role).to(device) for role in roles])
        generator = context.generator()
        network, tokens = pack.encryptor(self.role)
        network.to(device)
        x = draw(generator, generator.broadcast(codes(generator, 1, context.seed)), 1).to(device)
        kdf = KdfParams()
        key = derive_key("a password", kdf)

        def encrypt() -> None:
            w = self.inversion(x).to(device)
            generator(network(w, key_latent(key, generator, tokens))).cpu()

        encrypt()  # the first call warms up
        hardware = hardware_name(device)
        section = "Speed"
        findings.figures += [
            Measurement.plain(section, f"{name}, seconds, {hardware}", seconds, self.repeats, "lower")
            for name, seconds in (
                (f"loading {', '.join(roles)}, hashes verified", loading),
                (f"encrypting one aligned face, invert={self.inversion.name}", self._median(encrypt)),
                (f"key from a password (Argon2id, {kdf.memory_kib} KiB)", self._median(lambda: derive_key("b", kdf))),
            )
        ]
        sizes = {role: pack.path(role).stat().st_size / MEGABYTE for role in pack.roles if pack.has(role)}
        findings.figures += [Measurement.plain("Size in MB", role, size, 1, "lower", 2) for role, size in sizes.items()]
        findings.figures.append(Measurement.plain("Size in MB", "all", sum(sizes.values()), len(sizes), "lower", 2))
        return findings

    def _median(self, task: Callable[[], object]) -> float:
        seconds = []
        for _ in range(self.repeats):
            started = time.perf_counter()
            task()
            seconds.append(time.perf_counter() - started)
        return float(torch.tensor(seconds).median())


NOTES = (
    "One aligned face: inversion, encryptor and generator, without finding the face and without the key, which is "
    "meant to be slow.",
    "De-identification, recovery and wrong passwords are measured by `riddle-eval`, leaks of records by "
    "`riddle-attack`.",
)
