"""If this fails, an evaluation is missing from the logs, or leaves a wandb run open."""

import json

import pytest
from omegaconf import OmegaConf
from PIL import Image

from riddle_pl.evaluation.report.loggers import log_evaluation, metric_name
from riddle_pl.evaluation.report.tables import all_tables
from tests.evaluation.reports import report


@pytest.fixture
def figure(tmp_path):
    path = tmp_path / "recovery.png"
    Image.new("RGB", (8, 8)).save(path)
    return path


def test_names_are_paths_of_plain_words():
    names = [metric_name(row) for row in report().rows]
    assert names[0] == "fake/de-identification/encrypted-inversion/rate"
    assert "PSNR/recovered-photo/dB" in names
    assert len(set(names)) == len(names)


def test_numbers_go_to_any_logger(tmp_path, figure):
    cfg = OmegaConf.create({"logger": {"csv": {"_target_": "riddle_pl.training.loggers.csv_logger"}, "off": None}})
    whole = report()
    log_evaluation(cfg, whole, all_tables([whole]), [figure], tmp_path)
    head, values = (tmp_path / "csv" / "metrics.csv").read_text().splitlines()
    logged = dict(zip(head.split(","), values.split(","), strict=True))
    assert float(logged["fake/recovery/recovered-inversion/rate"]) == 0.9


def test_wandb_gets_tables_and_figures_offline_and_is_closed(tmp_path, figure, monkeypatch):
    import wandb

    monkeypatch.setenv("WANDB_SILENT", "true")
    node = {"_target_": "riddle_pl.training.loggers.wandb_logger", "offline": True, "name": "a"}
    cfg = OmegaConf.create({"logger": {"wandb": node}})
    whole = report()
    log_evaluation(cfg, whole, all_tables([whole]), [figure], tmp_path)
    assert wandb.run is None
    [run] = tmp_path.glob("wandb/offline-run-*")
    media = [path.relative_to(run / "files" / "media").as_posix() for path in run.rglob("media/**/*.*")]
    assert any(name.startswith("images/figures/recovery") for name in media)
    [quality] = list(run.rglob("quality*.table.json"))
    content = json.loads(quality.read_text())
    assert "PSNR ↑" in content["columns"]
    assert "ours" in content["data"][0]
