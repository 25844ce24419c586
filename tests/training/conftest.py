"""What the tests of training share."""

import pytest


@pytest.fixture(autouse=True)
def _few_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    """The spread of W from a few samples: seconds less per run."""
    monkeypatch.setattr("riddle_pl.training.module.STATISTICS_SAMPLES", 64)
    monkeypatch.setattr("riddle_pl.losses.code_space.SAMPLES", 64)
