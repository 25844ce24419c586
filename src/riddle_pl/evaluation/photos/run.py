"""One measurement, from folders of photos to the report."""

from dataclasses import dataclass, replace
from pathlib import Path

import riddle_pl
from riddle_pl.data.sources import open_source
from riddle_pl.device import resolve_device
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.photos.photos import CompositePhotos, Photos, PlainPhotos
from riddle_pl.evaluation.photos.rates import Rates
from riddle_pl.evaluation.photos.report import report_of
from riddle_pl.evaluation.photos.trial import Trials
from riddle_pl.evaluation.report.report import JudgeEntry, MethodEntry, Report
from riddle_pl.files import require_writable_dir
from riddle_pl.judging.calibration import Calibration, calibrate
from riddle_pl.judging.dlib_recogniser import DlibRecogniser
from riddle_pl.judging.gate_judges import best_judge
from riddle_pl.judging.lfw import LFW
from riddle_pl.judging.pairs import lfw_pairs
from riddle_pl.packs import Pack, choose_pack
from riddle_pl.packs.store import home
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.face_work import JUDGED_SIZE
from riddle_pl.process import track

RESAMPLES = 2000


@dataclass(frozen=True)
class PhotoOrder:
    """What is measured.

    Args:
        photos: folders and tar archives.
        out: folder of the report.
        crops: the photos are aligned face crops, to be laid on backgrounds.
        count: photos, at most.
        seed: chooses photos, passwords and the bootstrap's draws.
        calibrate_on: folder of LFW's faces and pairs, for the judge's threshold; None: the one that it comes with.
        pack, pack_size: see :func:`riddle_pl.packs.choose_pack`.
        encryptor, device, pipeline: see :func:`riddle_pl.photos.build.build_pseudonymiser`.
        quiet: no progress bar.
    """

    photos: tuple[Path, ...]
    out: Path
    crops: bool = False
    count: int = 200
    seed: int = 0
    calibrate_on: Path | None = None
    pack: str | None = None
    pack_size: int | None = None
    encryptor: str | None = None
    device: str = "cpu"
    pipeline: tuple[str, ...] = ()
    quiet: bool = False


def run_measurement(order: PhotoOrder) -> Report:
    """Encrypts and recovers every photo, and judges every face.

    Raises:
        RiddleError: no photos, no such pack or encryptor, an unwritable ``out``, no dlib for ``calibrate_on``.
    """
    kind = CompositePhotos if order.crops else PlainPhotos
    photos = kind(open_source(order.photos), order.count, order.seed)
    require_writable_dir(order.out, "folder of the report", create=True)
    pack = choose_pack(order.pack, order.pack_size)
    device = resolve_device(order.device)
    judge = best_judge(pack, device)
    calibration, origin = _calibration(order, judge.name)
    same_person = judge.same_person if calibration is None else calibration.threshold
    pseudonymiser = build_pseudonymiser(pack, order.pipeline, order.encryptor, device)
    pseudonymiser.prepare()
    trials, rates = Trials(pseudonymiser, order.seed), Rates(judge.name, judge.embed, same_person)
    done = []
    for photo in track(photos, order.count, "encrypting, recovering, judging", order.quiet):
        trial = trials(photo)
        rates.update(trial)
        done.append(replace(trial, images={}))
    about = _about(order, photos, pack)
    about["judge"] = f"{judge.name}: same person above a cosine of {same_person:.4f} ({origin})"
    if judge.note:
        about["judge's note"] = judge.note
    role = pack.encryptor_for_photos(order.encryptor)
    method = MethodEntry(f"{role} of {pack.name}", pack.size, pack.expected_sha256(role))
    entry = JudgeEntry(judge.name, judge.note, calibration=calibration, calibrated_on=origin)
    return report_of(about, method, entry, done, rates.rows(RESAMPLES, order.seed))


def _calibration(order: PhotoOrder, judge: str) -> tuple[Calibration | None, str]:
    """The judge's threshold, None for its own, and where it comes from."""
    if order.calibrate_on is None:
        return None, "the threshold of the quality gate"
    if judge != DlibRecogniser.name:
        raise ConfigError("--calibrate-on needs dlib; pip install 'riddle-pl[dlib]'")
    evaluator = DlibRecogniser(device="cpu")
    faces = LFW(str(order.calibrate_on))
    pairs = lfw_pairs(evaluator, faces, JUDGED_SIZE, home() / "evaluation", order.quiet)
    found = calibrate(pairs, 1e-3)
    return found, (
        f"calibrated on {pairs.origin}: it accepts {found.far:.2%} of {found.different} pairs of different people and "
        f"{found.tar:.1%} of {found.same} pairs of one person"
    )


def _about(order: PhotoOrder, photos: Photos, pack: Pack) -> dict[str, str]:
    entry = pack.encryptor_for_photos(order.encryptor)
    return {
        "riddle-pl": riddle_pl.__version__,
        "photos": f"{', '.join(path.name for path in order.photos)}; {photos.note}",
        "pack": f"{pack.name}, {pack.size} px, generator sha256 {pack.expected_sha256('generator')}",
        "encryptor": f"{entry}, sha256 {pack.expected_sha256(entry)}",
        "settings": ", ".join(order.pipeline) or "those of conf/pseudonymise.yaml",
        "seed": str(order.seed),
        "intervals": f"95 %, percentile bootstrap over faces, {RESAMPLES} resamples",
    }
