"""If this fails, the ablation shows one seed's luck as a difference between methods."""

import dataclasses
import math

import pytest

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.report.tables import ablation_table, tables_of_runs
from riddle_pl.evaluation.report.tables.ablation import mean_over_seeds
from tests.evaluation.reports import report


def run(experiment, seed, de_id):
    method = {"label": f"{experiment}, seed {seed}", "experiment": experiment, "seed": seed}
    return report({**method, "sha256": f"{experiment} {seed}", "paper": None}, de_id=de_id)


RUNS = {
    "riddle": [run("riddle", seed, de_id) for seed, de_id in ((0, 0.1), (1, 0.2), (2, 0.3))],
    "wo_transformer": [run("wo_transformer", 0, 0.5)],
}


def cells(table, *labels):
    [found] = [
        dict(zip(table.head, table.cells(line), strict=True)) for line in table.lines if (*line.labels,) == labels
    ]
    return found


def test_mean_and_t_interval_worked_by_hand():
    number = mean_over_seeds([0.1, 0.2, 0.3])  # deviation 0.1, t of 2 degrees of freedom 4.3027
    assert (number.value, number.count) == (pytest.approx(0.2), 3)
    assert number.high - number.value == pytest.approx(4.3027 * 0.1 / math.sqrt(3), rel=1e-4)
    assert number.value - number.low == pytest.approx(number.high - number.value)


def test_one_seed_or_equal_seeds():
    assert str(mean_over_seeds([0.25])) == "0.250"
    assert str(mean_over_seeds([0.25, 0.25])) == "0.250 [0.250, 0.250]"


def test_an_experiment_is_a_line_beside_the_paper_s():
    table = ablation_table(RUNS)
    full = cells(table, "riddle", "full", "fake", "inversion")
    assert full["de-identification ↓"] == "0.200 [-0.048, 0.448]"
    assert full["de-identification ↓, paper (256 px, FFHQ pack)"] == "0.016"
    assert full["different people ↑"] == "0.700 [0.700, 0.700]"
    photo = cells(table, "riddle", "full", "fake", "photo")
    assert (photo["de-identification ↓"], photo["Fréchet distance ↓"]) == (
        "0.300 [0.300, 0.300]",
        "12.500 [12.500, 12.500]",
    )
    assert photo["de-identification ↓, paper (256 px, FFHQ pack)"] == ""
    other = cells(table, "wo_transformer", "without transformer", "fake", "inversion")
    assert other["de-identification ↓"] == "0.500"
    assert cells(table, "riddle", "full", "pack (trained it)", "inversion")["recovery ↑"] == "0.970 [0.970, 0.970]"


def test_lines_say_their_seeds_and_checkpoints():
    source = ablation_table(RUNS).lines[0].source
    assert source == {"training seeds": "0, 1, 2", "sha256": "riddle 0, riddle 1, riddle 2"}


def test_an_experiment_of_one_s_own_has_no_number_of_the_paper():
    table = ablation_table({"mine": [run("mine", 0, 0.1)]})
    assert cells(table, "mine", "", "fake", "inversion")["recovery ↑, paper (256 px, FFHQ pack)"] == ""


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ConfigError, match="two reports of riddle are of the same checkpoint"):
        ablation_table({"riddle": [run("riddle", 0, 0.1)] * 2})
    with pytest.raises(ConfigError, match="riddle has no report"):
        ablation_table({"riddle": []})
    other = dataclasses.replace(run("wo_transformer", 0, 0.1), names=["other.png"])
    with pytest.raises(ConfigError, match="different faces"):
        ablation_table({"riddle": RUNS["riddle"], "wo_transformer": [other]})


def test_reports_of_runs_are_grouped_by_experiment():
    [table] = tables_of_runs([*RUNS["wo_transformer"], *RUNS["riddle"]])
    assert table.lines == ablation_table({key: RUNS[key] for key in ("wo_transformer", "riddle")}).lines
    assert tables_of_runs([*RUNS["riddle"], report()]) == []
