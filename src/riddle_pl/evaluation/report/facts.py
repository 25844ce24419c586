"""Facts and notes of a report."""

from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig

import riddle_pl
from riddle_pl.evaluation.build import Parts
from riddle_pl.evaluation.report.report import JudgeEntry, MethodEntry
from riddle_pl.evaluation.scores import RecogniserScores
from riddle_pl.files import sha256_file
from riddle_pl.judging.lfw import LFW


def about(cfg: DictConfig, parts: Parts, method: MethodEntry, count: int) -> dict[str, Any]:
    """Facts by name, for the head of the report."""
    faces = parts.faces
    own = "one photo each" if isinstance(faces, LFW) else "each photo counted as another person"
    return {
        "title": f"{method.label}: {count} people of {faces.name}",
        "riddle-pl": riddle_pl.__version__,
        **parts.method.facts,
        "faces": f"{count} people, {own} ({len(faces.skipped)} photos skipped), from {faces.faces_path.name}, "
        f"brought to {method.size} px",
        "pairs": _pairs(parts.pairs),
        "diversity": f"{min(cfg.diversity.faces, count)} faces, {cfg.diversity.passwords} passwords and as many wrong "
        "ones each, where the method has passwords",
        "seed": cfg.seed,
        "intervals": f"95 %, percentile bootstrap over faces, {cfg.resamples} resamples",
    }


def method_entry(cfg: DictConfig, parts: Parts) -> MethodEntry:
    """The evaluated method."""
    method = parts.method
    return MethodEntry(
        label=cfg.name or method.label,
        size=method.size,
        sha256=method.sha256,
        paper=method.paper,
        experiment=method.experiment,
        seed=method.training_seed,
    )


def judge_entries(cfg: DictConfig, parts: Parts, identities: Sequence[RecogniserScores]) -> list[JudgeEntry]:
    """Every judge that ran; thresholds are those after all faces were seen."""
    trained = parts.method.sha256 is not None  # baselines have no training loss
    recognisers = [
        JudgeEntry(
            identity.recogniser.name,
            identity.recogniser.note if trained or not identity.recogniser.used_in_training_loss else "",
            identity.recogniser.used_in_training_loss and trained,
            identity.calibration,
            f"{identity.pairs.origin} for a false-accept rate of {cfg.far:g}",
        )
        for identity in identities
    ]
    others = [JudgeEntry(detector.name, detector.settings) for detector in parts.detectors]
    features = [JudgeEntry(one.name, one.note) for one in (*parts.perceptual, *parts.frechet)]
    return recognisers + others + features


def notes(parts: Parts, size: int) -> list[str]:
    """Notes on the tables."""
    return [
        *parts.method.notes,
        "rank-1: the nearest among all references is the face's own; chance is 1 in the number of faces.",
        "two different people: how often an image passes as another person's, over all pairs; rates of "
        "de-identification and of wrong passwords are to be read beside it.",
        "An interval without width means that all faces agreed; 0 of n faces leaves rates up to about 3/n possible.",
        _calibration_note(parts),
        f"Pixels: images in [0, 1] at {size} px, mean over faces; PSNR in dB, equal images counted as 100 dB.",
        "Box and landmark distances: mean L1 distance per coordinate in px, images enlarged to 256 px, over the faces "
        "found in both images; MTCNN's 5 points, dlib's 68. The paper leaves open which landmarks it used.",
        "The paper's numbers are those of its authors: 256 px, FFHQ pack, their images and judges' thresholds. They "
        "stand beside ours for orientation and were not measured here.",
    ]


def _pairs(pairs: LFW | None) -> str:
    if pairs is None:
        return "none: thresholds come from different people among the faces evaluated"
    return (
        f"{pairs.pairs_path.name}, {len(pairs.pairs())} of {pairs.pairs_listed} with both photos there, "
        f"sha256 {sha256_file(pairs.pairs_path)}"
    )


def _calibration_note(parts: Parts) -> str:
    if parts.pairs is None:
        return (
            "Thresholds come from pairs of different people among the faces evaluated (no LFW pairs were given), on "
            "which rates of strangers are therefore too good; with fewer pairs than one in the false-accept rate, the "
            "threshold is the cosine of the most similar pair."
        )
    if parts.pairs is parts.faces:
        return (
            "The people on whom the threshold was calibrated and those evaluated overlap; the threshold is one number."
        )
    return "The threshold was calibrated on other photos than those evaluated."
