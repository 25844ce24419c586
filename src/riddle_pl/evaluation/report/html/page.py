"""Renders the page: everything is in the one file, and the page itself forbids the browser to ask for more."""

import base64
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from omegaconf import OmegaConf

from riddle_pl.evaluation.report.html.highlights import highlights
from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.tables import Table
from riddle_pl.figures.figure import Figure, save_figures
from riddle_pl.figures.gallery import Gallery, draw_gallery
from riddle_pl.figures.traces import Traces
from riddle_pl.files import write_text

PAGE = "report.html"
CSS_PX_PER_INCH = 96
WIDE_PX = 560
"""Figures that are wider are not reduced below this on narrow screens; they scroll in their own box."""
LISTED = 40
"""Skipped photos that are listed; report.json has them all."""


def write_page(report: Report, tables: Sequence[Table], traces: Traces, folder: Path) -> list[Path]:
    """Writes ``report.html``, and the figures as PNG files in ``figures/``; each whole or not at all.

    Args:
        report: the numbers.
        tables: of them, and others that belong beside them.
        traces: what the figures show.
        folder: of the evaluation; it exists.

    Returns:
        The page, then the figures.

    Raises:
        FileError: the folder cannot be written to, or the training log that ``traces`` names cannot be read.
    """
    gallery = draw_gallery(traces)
    figures = save_figures(gallery.figures, folder / "figures")
    page = folder / PAGE
    write_text(page, render_page(report, tables, gallery))
    return [page, *figures]


def render_page(report: Report, tables: Sequence[Table], gallery: Gallery) -> str:
    """The page's HTML."""
    here = files("riddle_pl.evaluation.report.html")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((here / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        report=report,
        css=(here / "page.css").read_text(encoding="utf-8"),
        highlights=highlights(report),
        tables=[table for table in tables if table.lines],
        figures=[_figure(figure) for figure in gallery.figures],
        missing_figures=gallery.missing,
        facts={key: value for key, value in report.about.items() if not isinstance(value, Mapping) and key != "title"},
        networks=report.about.get("networks", {}),
        config=OmegaConf.to_yaml(OmegaConf.create(dict(report.config))) if report.config else "",
        listed=LISTED,
    )


def _figure(figure: Figure) -> dict[str, Any]:
    width, height = (round(inches * CSS_PX_PER_INCH) for inches in figure.drawing.get_size_inches())
    data = base64.b64encode(figure.encoded("webp")).decode("ascii")
    return {
        "about": figure,
        "source": f"data:image/webp;base64,{data}",
        "width": width,
        "height": height,
        "wide": width > WIDE_PX,
    }
