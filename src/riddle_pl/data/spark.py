"""``riddle invert`` on a Spark cluster, one task per archive."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from riddle_pl.data.invert_job import Done, InvertJob, invert_one
from riddle_pl.errors import ConfigError, one_line


def invert_on_spark(job: InvertJob, archives: Sequence[Path], master: str) -> list[Done]:
    """Inverts archives on a shared file system.

    Args:
        job: settings of the inversion.
        archives: to invert.
        master: of the cluster: ``spark://HOST:PORT``, ``yarn``, or ``local[N]`` for N tasks on this machine.
            Workers use this Python's path unless ``PYSPARK_PYTHON`` is set.

    Raises:
        ConfigError: pyspark is not installed, or the cluster does not take or finish the work.
    """
    if find_spec("pyspark") is None:
        raise ConfigError("--spark needs pyspark (and Java); run `pip install 'riddle-pl[spark]'`")
    from pyspark.sql import SparkSession

    paths = [str(archive.absolute()) for archive in archives]
    if not paths:
        return []
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder: Any = SparkSession.builder
    try:
        session = builder.master(master).appName("riddle invert").config("spark.ui.enabled", "false").getOrCreate()
        try:
            tasks = session.sparkContext.parallelize(paths, len(paths))
            return list(tasks.map(lambda path: invert_one(job, path)).collect())
        finally:
            session.stop()
    except Exception as error:  # Java errors through pyspark
        raise ConfigError(f"--spark {master}: {one_line(error):.300}") from error
