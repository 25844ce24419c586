"""The report as one page that opens offline in a browser."""

from riddle_pl.evaluation.report.html.page import render_page, write_page

__all__ = ["render_page", "write_page"]
