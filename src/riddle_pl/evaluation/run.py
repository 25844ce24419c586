"""One evaluation, from the checked config to the report."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig

from riddle_pl import __version__
from riddle_pl.archives import parse_part
from riddle_pl.config import instantiate
from riddle_pl.config.check import to_plain
from riddle_pl.evaluation.build import Parts
from riddle_pl.evaluation.photos.wild import wild_photos
from riddle_pl.evaluation.report.facts import about, judge_entries, method_entry, notes
from riddle_pl.evaluation.report.report import Evaluation, Report
from riddle_pl.evaluation.scores import DiversityScores, RecogniserScores, assemble
from riddle_pl.evaluation.scores.batches import BatchFiles
from riddle_pl.evaluation.scores.loop import Measuring
from riddle_pl.evaluation.scores.tracing import Tracer
from riddle_pl.judging.cache import cached_judges
from riddle_pl.judging.pairs import lfw_pairs
from riddle_pl.judging.recognisers import Recogniser
from riddle_pl.launch import rank, world_size
from riddle_pl.packs.store import home

BATCHES = "batches"
"""Folder in ``out`` for what several processes tell each other."""


def judge_part(cfg: DictConfig, parts: Parts) -> bool:
    """Does this process's part where several share an evaluation; false where none do.

    What the judges say goes to ``out``, for :func:`evaluate` to read.

    Args:
        cfg, parts: see :func:`evaluate`.

    Raises:
        RiddleError: see :func:`evaluate`.
    """
    number, count = (rank(), world_size()) if cfg.part is None else parse_part(cfg.part)
    if count == 1:
        return False
    with _remembering(cfg, parts) as able:
        judging = _measuring(cfg, able, [RecogniserScores(recogniser, None) for recogniser in able.recognisers])
        judging.part(_files(cfg, able), number, count)
    return True


def evaluate(cfg: DictConfig, parts: Parts, command: str = "", waits: bool = False) -> Evaluation:
    """Measures a method on held-out photos. Judges that cannot run are named on stderr and in the report.

    Args:
        cfg: checked by :func:`riddle_pl.evaluation.preflight.check_job`.
        parts: that it gave.
        command: the command line, for the report.
        waits: other processes judge what is not judged yet.

    Raises:
        RiddleError: what was there when the config was checked is gone, or no photo could be used.
    """
    for key, reason in parts.left_out.items():
        print(f"left out: {key}: {reason}", file=sys.stderr)
    with _remembering(cfg, parts) as able:
        return _evaluate(cfg, able, command, waits)


def _evaluate(cfg: DictConfig, parts: Parts, command: str, waits: bool) -> Evaluation:
    identities = [_identity(cfg, parts, recogniser) for recogniser in parts.recognisers]
    measuring = _measuring(cfg, parts, identities)
    tracer = Tracer()
    names = measuring.whole(tracer, _files(cfg, parts), waits)
    method = method_entry(cfg, parts)
    judges = judge_entries(cfg, parts, identities)
    report = Report(
        about=about(cfg, parts, method, len(names)),
        method=method,
        judges=judges,
        rows=[row for one in (*measuring.scores, *measuring.diversity) for row in one.rows()],
        names=names,
        skipped={**parts.faces.skipped, **parts.method.unmatched(parts.faces.keys())},
        left_out=parts.left_out,
        notes=notes(parts, method.size),
        command=command,
        config=to_plain(cfg),
    )
    judge_notes = {judge.name: judge.note for judge in judges}
    traces = tracer.traces(parts.method, identities, measuring.diversity, judge_notes)
    photos = wild_photos(parts.method, instantiate(cfg.photos, "photos") if cfg.photos else None)
    missing = {**traces.missing, "photos": photos.missing}
    return Evaluation(report, replace(traces, photos=photos.photos, missing=missing))


def _measuring(cfg: DictConfig, parts: Parts, identities: list[RecogniserScores]) -> Measuring:
    scores = assemble(identities, parts.detectors, parts.perceptual, parts.frechet, cfg.resamples, cfg.seed)
    return Measuring(
        parts.method,
        parts.faces,
        scores,
        [DiversityScores(identity) for identity in identities],
        seed=cfg.seed,
        batch_size=cfg.batch_size,
        diverse_faces=cfg.diversity.faces,
        passwords=cfg.diversity.passwords,
        quiet=cfg.quiet,
    )


def _files(cfg: DictConfig, parts: Parts) -> BatchFiles:
    """Of this evaluation: named by all that the judgements of a batch depend on."""
    plain = to_plain(cfg)
    for key in ("name", "far", "resamples", "quiet", "out", "part", "cache_dir", "logger", "photos", "pairs"):
        plain.pop(key, None)
    judges = [judge.fingerprint for judge in (*parts.recognisers, *parts.detectors, *parts.perceptual, *parts.frechet)]
    described = {"version": __version__, "config": plain, "method": dict(parts.method.facts), "judges": judges}
    return BatchFiles(Path(cfg.out) / BATCHES, described)


def _identity(cfg: DictConfig, parts: Parts, recogniser: Recogniser) -> RecogniserScores:
    pairs = None
    if parts.pairs is not None:
        pairs = lfw_pairs(recogniser, parts.pairs, parts.method.size, _cache_dir(cfg), cfg.quiet)
    return RecogniserScores(recogniser, pairs, cfg.far, cfg.resamples, cfg.seed)


@contextmanager
def _remembering(cfg: DictConfig, parts: Parts) -> Iterator[Parts]:
    """The same, with judges that look at each image once, in this run or in an earlier one; closes them at the end."""
    recognisers, detectors = cached_judges(parts.recognisers, parts.detectors, _cache_dir(cfg))
    able = parts._replace(recognisers=recognisers, detectors=detectors)
    try:
        yield able
    finally:
        for judge in (*able.recognisers, *able.detectors, *able.perceptual, *able.frechet):
            judge.close()


def _cache_dir(cfg: DictConfig) -> Path:
    return Path(cfg.cache_dir).expanduser() if cfg.cache_dir else home() / "evaluation"
