"""Runs an entry point of a Hydra application inside the test's process."""

import logging
import sys


def run_command(main, arguments, capfd, monkeypatch):
    """Exit status, standard output and standard error of ``main`` with the command line ``arguments``."""
    monkeypatch.setattr(sys, "argv", arguments)
    handlers, level = logging.root.handlers[:], logging.root.level
    status = 0
    try:
        main()
    except SystemExit as stop:
        status = int(stop.code or 0)
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
    captured = capfd.readouterr()
    return status, captured.out, captured.err
