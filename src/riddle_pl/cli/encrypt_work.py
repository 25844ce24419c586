"""What ``riddle encrypt`` does with networks; importing this takes seconds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from riddle_pl.cli.encrypt_order import Chosen, EncryptJob, described_job
from riddle_pl.cli.encrypt_report import EncryptReport
from riddle_pl.device import resolve_device
from riddle_pl.errors import FileError, PhotoError, RecordError
from riddle_pl.judging.gate_judges import best_judge
from riddle_pl.packs import Pack, choose_pack
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.jobs.encrypt import Orders, encrypt_all
from riddle_pl.photos.jobs.outcome import Outcome
from riddle_pl.photos.jobs.password_check import made_with, record_of
from riddle_pl.photos.jobs.plan import Task
from riddle_pl.photos.jobs.read import load_file
from riddle_pl.photos.jobs.state import ANEW
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.known_leaks import note
from riddle_pl.photos.record.linkable import linkable_kdf
from riddle_pl.photos.select import Selector, selector
from riddle_pl.process import track


@dataclass(frozen=True)
class Work:
    """A job whose networks are loaded.

    Args:
        told: lines for the user.
    """

    job: EncryptJob
    chosen: Chosen
    pack: Pack
    pseudonymiser: Pseudonymiser
    select: Selector
    told: Sequence[str]

    @classmethod
    def load(cls, job: EncryptJob, chosen: Chosen) -> "Work":
        """Loads the networks, and looks at the photos of the people that are meant.

        Raises:
            RiddleError: the pack, a setting, the device or such a photo is at fault.
        """
        told: list[str] = []
        device = resolve_device(job.device)
        pack = choose_pack(job.pack, job.pack_size, told.append)
        pseudonymiser = build_pseudonymiser(pack, job.settings, job.encryptor, device, job.batch_size)
        pseudonymiser.prepare()
        select = selector(chosen.only, chosen.without, pseudonymiser.find_faces, lambda: best_judge(pack, device))
        return cls(job, chosen, pack, pseudonymiser, select, told)

    def check_password(self, finished: Sequence[Task], passwords: Iterable[str]) -> None:
        """Makes sure that earlier results are of this password: looks at the first that can tell.

        Raises:
            FileError: it is of another one.
        """
        for task in finished:
            try:
                record = record_of(task)
                if record is None:
                    continue
                fits = made_with(task, load_file, record, passwords, self.pseudonymiser)
            except (PhotoError, RecordError):
                continue
            if not fits:
                raise FileError(f"output {task.picture} was made with another password; {ANEW}")
            return

    def orders(self, password: str, passwords: Mapping[int, str]) -> Orders:
        """What is to be done with every photo."""
        job = self.job
        return Orders(
            password=password,
            passwords=passwords,
            mode=job.mode,
            select=self.select,
            kdf=linkable_kdf(self.pack.fingerprint("generator")) if job.linkable else None,
            on_failure=job.on_failure,
            note=job.note,
            not_faces=self.chosen.not_faces,
            described=described_job(job, self.pack),
            force=job.force,
            keep_time=job.keep_time,
            quality=job.quality,
            max_size=job.max_size,
        )

    def encrypt(self, tasks: Sequence[Task], orders: Orders, report: EncryptReport) -> None:
        """Encrypts photos and reports what becomes of them.

        Raises:
            RiddleError: see :func:`encrypt_all`.
        """
        job = self.job
        report.note = self.pseudonymiser.gate.note
        report.secrecy = note(self.pseudonymiser.coder.tokens.name, self.pseudonymiser.coder.reads)
        outcomes = encrypt_all(tasks, self.pseudonymiser, orders, job.batch_size, job.jobs)

        def name(outcome: Outcome) -> str:
            return outcome.task.photo.name

        for outcome in track(outcomes, len(tasks), "encrypting", job.quiet, name, job.batch_size):
            report.add(outcome)
