"""One evaluation, from the checked config to the report."""

import sys
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig

from riddle_pl.config import instantiate
from riddle_pl.config.check import to_plain
from riddle_pl.evaluation.build import Parts
from riddle_pl.evaluation.photos.wild import wild_photos
from riddle_pl.evaluation.report.facts import about, judge_entries, method_entry, notes
from riddle_pl.evaluation.report.report import Evaluation, Report
from riddle_pl.evaluation.scores import DiversityScores, RecogniserScores, assemble
from riddle_pl.evaluation.scores.loop import measure
from riddle_pl.evaluation.scores.tracing import Tracer
from riddle_pl.judging.cache import cached_judges
from riddle_pl.judging.pairs import lfw_pairs
from riddle_pl.judging.recognisers import Recogniser
from riddle_pl.packs.store import home


def evaluate(cfg: DictConfig, parts: Parts, command: str = "") -> Evaluation:
    """Measures a method on held-out photos. Judges that cannot run are named on stderr and in the report.

    Args:
        cfg: checked by :func:`riddle_pl.evaluation.preflight.check_job`.
        parts: that it gave.
        command: the command line, for the report.

    Raises:
        RiddleError: what was there when the config was checked is gone, or no photo could be used.
    """
    for key, reason in parts.left_out.items():
        print(f"left out: {key}: {reason}", file=sys.stderr)
    recognisers, detectors = cached_judges(parts.recognisers, parts.detectors, _cache_dir(cfg))
    parts = parts._replace(recognisers=recognisers, detectors=detectors)
    try:
        return _evaluate(cfg, parts, command)
    finally:
        for judge in (*parts.recognisers, *parts.detectors, *parts.perceptual, *parts.frechet):
            judge.close()


def _evaluate(cfg: DictConfig, parts: Parts, command: str) -> Evaluation:
    identities = [_identity(cfg, parts, recogniser) for recogniser in parts.recognisers]
    scores = assemble(identities, parts.detectors, parts.perceptual, parts.frechet, cfg.resamples, cfg.seed)
    diversity = [DiversityScores(identity) for identity in identities]
    tracer = Tracer()
    names = measure(
        parts.method,
        parts.faces,
        scores,
        diversity,
        tracer,
        seed=cfg.seed,
        batch_size=cfg.batch_size,
        diverse_faces=cfg.diversity.faces,
        passwords=cfg.diversity.passwords,
        quiet=cfg.quiet,
    )
    method = method_entry(cfg, parts)
    judges = judge_entries(cfg, parts, identities)
    report = Report(
        about=about(cfg, parts, method, len(names)),
        method=method,
        judges=judges,
        rows=[row for one in (*scores, *diversity) for row in one.rows()],
        names=names,
        skipped={**parts.faces.skipped, **parts.method.unmatched(parts.faces.keys())},
        left_out=parts.left_out,
        notes=notes(parts, method.size),
        command=command,
        config=to_plain(cfg),
    )
    judge_notes = {judge.name: judge.note for judge in judges}
    traces = tracer.traces(parts.method, identities, diversity, judge_notes)
    photos = wild_photos(parts.method, instantiate(cfg.photos, "photos") if cfg.photos else None)
    missing = {**traces.missing, "photos": photos.missing}
    return Evaluation(report, replace(traces, photos=photos.photos, missing=missing))


def _identity(cfg: DictConfig, parts: Parts, recogniser: Recogniser) -> RecogniserScores:
    pairs = None
    if parts.pairs is not None:
        pairs = lfw_pairs(recogniser, parts.pairs, parts.method.size, _cache_dir(cfg), cfg.quiet)
    return RecogniserScores(recogniser, pairs, cfg.far, cfg.resamples, cfg.seed)


def _cache_dir(cfg: DictConfig) -> Path:
    return Path(cfg.cache_dir).expanduser() if cfg.cache_dir else home() / "evaluation"
