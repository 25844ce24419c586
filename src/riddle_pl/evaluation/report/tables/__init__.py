"""The paper's tables, from the reports of one or several evaluations."""

from collections.abc import Sequence

from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.table import Line, Number, Table
from riddle_pl.evaluation.report.tables.ablation import ablation_table, tables_of_runs
from riddle_pl.evaluation.report.tables.diversity import diversity_table
from riddle_pl.evaluation.report.tables.formats import FORMATS, markdown_page
from riddle_pl.evaluation.report.tables.identification import identification_tables
from riddle_pl.evaluation.report.tables.ordering import ordering_table
from riddle_pl.evaluation.report.tables.quality import quality_table
from riddle_pl.evaluation.report.tables.utility import utility_table


def all_tables(reports: Sequence[Report]) -> list[Table]:
    """De-identification and recovery, quality, utility, diversity; the methods of all reports in each."""
    return [
        *identification_tables(reports),
        quality_table(reports),
        utility_table(reports),
        diversity_table(reports),
    ]


__all__ = [
    "FORMATS",
    "Line",
    "Number",
    "Table",
    "ablation_table",
    "all_tables",
    "markdown_page",
    "ordering_table",
    "tables_of_runs",
]
