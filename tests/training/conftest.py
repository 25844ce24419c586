"""What the tests of training share."""

import pytest


@pytest.fixture(autouse=True)
def _few_statistics(few_statistics: None) -> None:
    """In every test."""
