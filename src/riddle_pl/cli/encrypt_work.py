"""The networks of ``riddle encrypt``; importing this takes seconds."""

from collections.abc import Sequence
from typing import NamedTuple

from riddle_pl.cli.encrypt_order import EncryptJob, described_job
from riddle_pl.device import resolve_device
from riddle_pl.judging.gate_judges import best_judge
from riddle_pl.packs import choose_pack
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.jobs.encrypt import Orders
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.linkable import linkable_kdf
from riddle_pl.photos.select import selector


class Loaded(NamedTuple):
    """A job whose networks are loaded.

    Attributes:
        pseudonymiser: the pipeline.
        orders: what is to be done with every photo; the passwords are still missing.
        messages: lines for the user.
    """

    pseudonymiser: Pseudonymiser
    orders: Orders
    messages: Sequence[str]


def load(job: EncryptJob) -> Loaded:
    """Loads the networks, and embeds the photos of people that the options name.

    Raises:
        RiddleError: the pack, a setting, the device or such a photo is at fault.
    """
    messages: list[str] = []
    device = resolve_device(job.device)
    pack = choose_pack(job.pack, job.pack_size, messages.append)
    pseudonymiser = build_pseudonymiser(pack, job.settings, job.encryptor, device, job.batch_size)
    pseudonymiser.prepare()
    only, without, not_faces = job.chosen
    orders = Orders(
        mode=job.mode,
        select=selector(only, without, pseudonymiser.find_faces, lambda: best_judge(pack, device)),
        kdf=linkable_kdf(pack.fingerprint("generator")) if job.linkable else None,
        on_failure=job.on_failure,
        note=job.note,
        not_faces=not_faces,
        described=described_job(job, pack),
        force=job.force,
        keep_time=job.keep_time,
        quality=job.quality,
        max_size=job.max_size,
    )
    return Loaded(pseudonymiser, orders, messages)
