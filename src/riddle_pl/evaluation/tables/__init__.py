"""The paper's tables, from the reports of one or several evaluations."""

from riddle_pl.evaluation.tables.ablation import ablation_table, tables_of_runs
from riddle_pl.evaluation.tables.all import all_tables
from riddle_pl.evaluation.tables.formats import FORMATS
from riddle_pl.evaluation.tables.ordering import ordering_table
from riddle_pl.evaluation.tables.table import Line, Number, Table

__all__ = ["FORMATS", "Line", "Number", "Table", "ablation_table", "all_tables", "ordering_table", "tables_of_runs"]
