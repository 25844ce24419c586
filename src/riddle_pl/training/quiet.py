"""Filters of irrelevant messages of Lightning."""

import logging

NOISE = (
    ".*does not have many workers.*",
    ".*The number of training batches.*smaller than the logging interval.*",
    ".*resuming from a checkpoint that ended before the epoch ended.*",  # batches depend on the step alone
    ".*module.s. in eval mode at the start of training.*",  # the frozen networks
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*The dirpath has changed from.*",  # a run that is resumed in a new folder
    ".*LeafSpec.* is deprecated.*",
    ".*configure_optimizers. returned .None.*",  # a recipe that finds what has no gradient
)
"""Lightning's warnings about intended behaviour."""


def quiet_lightning() -> None:
    """Only warnings and errors of Lightning reach the console."""
    for name in ("pytorch_lightning", "lightning_fabric", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.WARNING)
