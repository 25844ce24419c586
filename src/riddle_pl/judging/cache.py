"""On-disk cache of embeddings and detections.

Images are quantised to 8 bits first, so that float rounding does not change the key.
"""

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from riddle_pl.errors import FileError
from riddle_pl.files import require_inside, require_writable_dir
from riddle_pl.judging.detectors import Detections, Detector
from riddle_pl.judging.recognisers import Recogniser

FILE_NAME = "judgements-2.sqlite"
"""With the format version."""

TABLE = "judgements (image BLOB PRIMARY KEY, numbers BLOB) WITHOUT ROWID"

WAIT_S = 30.0
"""Seconds to wait for another evaluation that is writing."""

log = logging.getLogger(__name__)


class JudgementCache:
    """Rows of float32 numbers, by judge and content of the image. It may be deleted at any time.

    Args:
        folder: made if it is not there.

    Raises:
        FileError: the folder cannot be made or written to, or the file in it is a link to another place.
    """

    def __init__(self, folder: Path):
        self.path = require_writable_dir(folder, "cache folder", create=True) / FILE_NAME
        require_inside(self.path, folder)
        self._connection: sqlite3.Connection | None = None

    def rows(
        self,
        fingerprint: str,
        x: Float[Tensor, "b 3 h h"],
        judge: Callable[[Float[Tensor, "b 3 h h"]], Float[Tensor, "b k"]],
    ) -> Float[Tensor, "b k"]:
        """The judge's row for each image, quantised to 8 bits; computed for missing images only.

        Args:
            fingerprint: of everything that a row depends on besides the image.
            x: images in [-1, 1]; values outside count as the nearest inside.
            judge: gives the rows.

        Raises:
            FileError: the file holds rows of another length.
        """
        pixels = ((x.detach().float().cpu().clamp(-1.0, 1.0) + 1.0) * 127.5).round().byte()
        keys = [image_key(fingerprint, image) for image in pixels]
        known = self._read(set(keys))
        if len({len(row) for row in known.values()}) > 1:  # damaged: rows of a judge have one length
            known = {}
        first = {key: index for index, key in reversed(list(enumerate(keys)))}
        if new := [key for key in first if key not in known]:
            images = pixels[[first[key] for key in new]].float() / 127.5 - 1.0
            rows = judge(images).detach().float().cpu()
            if known and rows.shape[1] != len(next(iter(known.values()))):
                raise FileError(f"{self.path} holds other numbers than this judge's; delete it")
            known.update(zip(new, rows, strict=True))
            self._write({key: known[key] for key in new})
        return torch.stack([known[key] for key in keys]) if keys else judge(x)

    def close(self) -> None:
        """Closes the database until the next use."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, keys: set[bytes]) -> dict[bytes, Tensor]:
        found = {}
        try:
            for key in keys:
                query = self._open().execute("SELECT numbers FROM judgements WHERE image = ?", (key,))
                row = query.fetchone()
                if row is not None and isinstance(row[0], bytes) and len(row[0]) % 4 == 0:
                    found[key] = torch.from_numpy(np.frombuffer(row[0], dtype="<f4").copy())
        except sqlite3.Error as error:
            self._continue_in_memory(error)
        return found

    def _write(self, rows: dict[bytes, Tensor]) -> None:
        try:
            with self._open() as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO judgements VALUES (?, ?)",
                    [(key, row.numpy().astype("<f4").tobytes()) for key, row in rows.items()],
                )
        except sqlite3.Error as error:
            self._continue_in_memory(error)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(self.path, timeout=WAIT_S)
            self._connection.execute("PRAGMA trusted_schema = OFF")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS {TABLE}")
            if self._connection.execute("SELECT sql FROM sqlite_master").fetchall() != [(f"CREATE TABLE {TABLE}",)]:
                raise sqlite3.DatabaseError("it holds more than a table of judgements")  # a view or trigger would run
        return self._connection

    def _continue_in_memory(self, error: sqlite3.Error) -> None:
        """Falls back to memory."""
        log.warning("%s cannot be used (%s); judging without it. Delete it if it is damaged", self.path, error)
        self.close()
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute(f"CREATE TABLE {TABLE}")


class CachedRecogniser(Recogniser):
    """A recogniser with a cache.

    Args:
        recogniser: for images that are not in the cache.
        cache: may be shared with other judges.
    """

    def __init__(self, recogniser: Recogniser, cache: JudgementCache):
        self.recogniser = recogniser
        self.cache = cache
        self.name = recogniser.name
        self.note = recogniser.note

    @property
    def fingerprint(self) -> str:
        return self.recogniser.fingerprint

    @property
    def used_in_training_loss(self) -> bool:
        return self.recogniser.used_in_training_loss

    def missing(self) -> str | None:
        return self.recogniser.missing()

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        return self.cache.rows(f"embedding {self.fingerprint}", x, self.recogniser.embed)

    def close(self) -> None:
        self.recogniser.close()
        self.cache.close()


class CachedDetector(Detector):
    """A detector with a cache.

    Args:
        detector: for images that are not in the cache.
        cache: may be shared with other judges.
    """

    def __init__(self, detector: Detector, cache: JudgementCache):
        self.detector = detector
        self.cache = cache
        self.name = detector.name
        self.note = detector.note
        self.landmarks = detector.landmarks

    @property
    def settings(self) -> str:
        return self.detector.settings

    @property
    def fingerprint(self) -> str:
        return self.detector.fingerprint

    def missing(self) -> str | None:
        return self.detector.missing()

    def locate(self, x: Float[Tensor, "b 3 h h"]) -> Detections:
        rows = self.cache.rows(f"detection {self.fingerprint}", x, self._rows)
        if rows.shape[1] != 4 + 2 * self.landmarks:
            raise FileError(f"{self.cache.path} holds other numbers than {self.name}'s; delete it")
        return Detections(rows[:, :4], rows[:, 4:].reshape(len(rows), self.landmarks, 2))

    def close(self) -> None:
        self.detector.close()
        self.cache.close()

    def _rows(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b k"]:
        boxes, points = self.detector.locate(x)
        return torch.cat([boxes, points.flatten(1)], dim=1)


def cached_judges(
    recognisers: Sequence[Recogniser], detectors: Sequence[Detector], folder: Path
) -> tuple[list[Recogniser], list[Detector]]:
    """The same judges with a common cache.

    Raises:
        FileError: see :class:`JudgementCache`.
    """
    cache = JudgementCache(folder)
    return [CachedRecogniser(one, cache) for one in recognisers], [CachedDetector(one, cache) for one in detectors]


def image_key(fingerprint: str, pixels: UInt8[Tensor, "3 h h"]) -> bytes:
    """sha256 of what a row depends on: the judge's fingerprint, and the image's shape and pixels."""
    return hashlib.sha256(f"{fingerprint} {tuple(pixels.shape)} ".encode() + pixels.numpy().tobytes()).digest()
