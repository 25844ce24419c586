"""One evaluation, from the checked config to the report."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from omegaconf import DictConfig
from torch import Tensor

import riddle_pl
from riddle_pl.data.progress import track
from riddle_pl.device import resolve_device
from riddle_pl.errors import DataError
from riddle_pl.evaluation.build import Parts, build_parts
from riddle_pl.evaluation.calibration import calibrate
from riddle_pl.evaluation.method import Method, PackMethod
from riddle_pl.evaluation.report import Judge, Report
from riddle_pl.evaluation.scores import DetectorScores, QualityScores, RecogniserScores, Scores
from riddle_pl.files import sha256_file
from riddle_pl.packs.store import home


def evaluate(cfg: DictConfig) -> Report:
    """Measures a pack's encryptor on held-out photos.

    Raises:
        RiddleError: see :func:`riddle_pl.evaluation.build.check_job`; or what was there then is gone.
    """
    parts = build_parts(cfg)
    try:
        return _evaluate(cfg, parts)
    finally:
        for recogniser in parts.recognisers:
            recogniser.close()


def _evaluate(cfg: DictConfig, parts: Parts) -> Report:
    method = PackMethod(parts.pack, cfg.role, parts.passwords, cfg.seed, resolve_device(cfg.device))
    cache_dir = Path(cfg.cache_dir).expanduser() if cfg.cache_dir else home() / "evaluation"
    scores: list[Scores] = []
    judges: list[Judge] = []
    size = parts.pack.size
    calibrated_on = f"the pairs of {parts.faces.pairs_path.name} at {size} px for a false-accept rate of {cfg.far:g}"
    for recogniser in parts.recognisers:
        calibration = calibrate(recogniser, parts.faces, size, cfg.far, cache_dir, cfg.quiet)
        scores.append(RecogniserScores(recogniser, calibration, cfg.resamples, cfg.seed))
        judges.append(Judge(recogniser.name, recogniser.note, calibration, calibrated_on))
    for detector in parts.detectors:
        scores.append(DetectorScores(detector, cfg.resamples, cfg.seed))
        judges.append(Judge(detector.name, detector.settings))
    scores.append(QualityScores(cfg.resamples, cfg.seed))
    names = _measure(method, scores, parts, cfg)
    about = _about(cfg, parts, len(names))
    rows = [row for one in scores for row in one.rows()]
    return Report(about, judges, rows, names, dict(parts.faces.skipped), _notes(parts))


def _measure(method: Method, scores: Sequence[Scores], parts: Parts, cfg: DictConfig) -> list[str]:
    """Shows every judge the images of all faces, a batch at a time."""
    names: list[str] = []
    batches = _batches(parts.faces.held_out(cfg.seed, parts.pack.size), cfg.batch_size)
    total = -(-parts.faces.count // cfg.batch_size)
    for keys, x in track(batches, total, "encrypting, recovering, judging", cfg.quiet):
        images = method(keys, x)
        for score in scores:
            score.update(images)
        names += keys
    if not names:
        raise DataError(f"no photo of {parts.faces.faces_path} could be used; check data.aligned and data.faces")
    return names


def _batches(
    faces: Iterator[tuple[str, Float[Tensor, "1 3 h h"]]], size: int
) -> Iterator[tuple[list[str], Float[Tensor, "b 3 h h"]]]:
    keys: list[str] = []
    images: list[Tensor] = []
    for key, x in faces:
        keys.append(key)
        images.append(x)
        if len(keys) == size:
            yield keys, torch.cat(images)
            keys, images = [], []
    if keys:
        yield keys, torch.cat(images)


def _about(cfg: DictConfig, parts: Parts, count: int) -> dict[str, Any]:
    pack, faces = parts.pack, parts.faces
    entry = pack.entry(cfg.role)
    roles = ("generator", "encoder", cfg.role)
    return {
        "title": f"{cfg.role} of pack {pack.name}: {count} people of {faces.name}",
        "riddle-pl": riddle_pl.__version__,
        "pack": f"{pack.name}, {pack.size} px",
        "encryptor": f"{cfg.role} ({entry.arch}, {entry.tokens} password tokens), "
        f"sha256 {pack.expected_sha256(cfg.role)}",
        "networks": {
            role: {
                "arch": pack.entry(role).arch,
                "sha256": pack.expected_sha256(role),
                "origin": pack.entry(role).origin,
            }
            for role in roles
        },
        "faces": f"{count} people, one photo each ({len(faces.skipped)} photos skipped), from {faces.faces_path.name}, "
        f"reduced to {pack.size} px",
        "pairs": f"{faces.pairs_path.name}, {len(faces.pairs())} of {faces.pairs_listed} with both photos there, "
        f"sha256 {sha256_file(faces.pairs_path)}",
        "passwords": parts.passwords.settings,
        "seed": cfg.seed,
        "intervals": f"95 %, percentile bootstrap over faces, {cfg.resamples} resamples",
    }


def _notes(parts: Parts) -> list[str]:
    return [
        "inversion: the generator's image of the code that the encoder finds for the photo; encryption and recovery "
        "start there. Against the photo, read recovery beside the inversion's own row.",
        "rank-1: the nearest among all references is the face's own; chance is 1 in the number of faces.",
        "two different people: how often an image passes as another person's, over all pairs; rates of "
        "de-identification and of wrong passwords are to be read beside it.",
        "An interval without width means that all faces agreed; 0 of n faces leaves rates up to about 3/n possible.",
        "The people on whom the threshold was calibrated and those evaluated overlap; the threshold is one number.",
        f"PSNR of images in [0, 1] at {parts.pack.size} px, mean over faces, equal images counted as 100 dB.",
    ]
