"""Headless Chromium, where the machine has it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
MEASURE = """<script>addEventListener("load", () => {
  const broken = [...document.images].filter(image => !image.complete || !image.naturalWidth).length;
  parent.postMessage(`${innerWidth} ${document.documentElement.scrollWidth} ${broken}`, "*");
});</script>"""
FRAME = """<!DOCTYPE html><title>waiting</title><script>onmessage = event => document.title = event.data</script>
<iframe src="{page}" style="border: 0; width: {width}px; height: 900px"></iframe>"""
"""Windows are never narrower than 500 px; frames are, and they lay pages out like a window."""
TIMEOUT_S = 120


class Layout(NamedTuple):
    """Widths in CSS pixels, and how many images could not be shown."""

    window: int
    page: int
    broken_images: int


def find_chromium() -> str | None:
    """The program, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def console(program: str, page: Path, profile: Path) -> list[str]:
    """What the page writes to the console: errors, and requests that were blocked or failed."""
    result = _run(program, profile, f"file://{page}")
    return [line for line in result.stderr.splitlines() if "CONSOLE" in line]


def layout(program: str, page: Path, width: int, scratch: Path) -> Layout:
    """How the page is laid out at a width; in a copy that may run the script that measures it."""
    text = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", MEASURE, page.read_text(encoding="utf-8"))
    (scratch / "page.html").write_text(text, encoding="utf-8")
    frame = scratch / "frame.html"
    frame.write_text(FRAME.format(page="page.html", width=width), encoding="utf-8")
    result = _run(program, scratch / "profile", "--virtual-time-budget=10000", f"file://{frame}")
    match = re.search(r"<title>(\d+) (\d+) (\d+)</title>", result.stdout)
    assert match is not None, result.stderr
    return Layout(*map(int, match.groups()))


def _run(program: str, profile: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [program, *OPTIONS, f"--user-data-dir={profile}", "--dump-dom", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
