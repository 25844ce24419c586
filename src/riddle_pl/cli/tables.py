"""``riddle tables``: puts several evaluations into one set of tables."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import Quiet, say

app = typer.Typer(add_completion=False)


@app.command()
def tables(
    reports: Annotated[list[Path], typer.Argument(help="report.json files of riddle-eval, or their folders.")],
    out: Annotated[Path, typer.Option(help="Folder for the tables; made if it is not there.")] = Path("tables"),
    quiet: Quiet = False,
) -> None:
    """Put several evaluations into one set of tables: one line per method, beside the paper's.

    Evaluations of training runs (method=checkpoint) also give the ablation table: one line per experiment, mean and
    interval over training seeds.

    Example: riddle tables eval/pack eval/blur eval/ciagan --out comparison
    """
    from riddle_pl.errors import FileError

    for path in reports:  # before PyTorch is imported, which takes seconds
        if not path.exists():
            raise FileError(f"report {path} does not exist; check the path")

    from riddle_pl.evaluation.report.outputs import numbers, write_tables
    from riddle_pl.evaluation.report.report import read_report
    from riddle_pl.evaluation.report.tables import FORMATS, all_tables, tables_of_runs
    from riddle_pl.files import require_writable_dir, write_text

    read = [read_report(path) for path in reports]
    made = [*all_tables(read), *tables_of_runs(read)]
    require_writable_dir(out, "--out", create=True)
    write_text(out / "table.csv", numbers(read))
    written = [out / "table.csv", *write_tables(made, out)]
    say(quiet, "\n".join(FORMATS["md"](table) for table in made))
    say(quiet, "\n".join(["Written:", *(f"  {path}" for path in written)]))
