"""All tables of some evaluations."""

from collections.abc import Sequence

from riddle_pl.evaluation.report import Report
from riddle_pl.evaluation.tables.diversity import diversity_table
from riddle_pl.evaluation.tables.identification import identification_tables
from riddle_pl.evaluation.tables.quality import quality_table
from riddle_pl.evaluation.tables.table import Table
from riddle_pl.evaluation.tables.utility import utility_table


def all_tables(reports: Sequence[Report]) -> list[Table]:
    """De-identification and recovery, quality, utility, diversity; the methods of all reports in each."""
    return [
        *identification_tables(reports),
        quality_table(reports),
        utility_table(reports),
        diversity_table(reports),
    ]
