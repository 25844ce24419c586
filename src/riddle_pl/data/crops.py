"""Pictures of a data set to aligned faces, in this process or read ahead by others."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from riddle_pl.data.sources import ImageSource, sha256
from riddle_pl.errors import DataError, PhotoError


class Cropper(Protocol):
    """Turns the bytes of an image file into the aligned face; :class:`riddle_pl.faces.crop.FaceCropper` is one."""

    @property
    def fingerprint(self) -> str:
        """Names everything that the crop of a given picture depends on."""
        ...

    def __call__(self, data: bytes, name: str, size: int) -> Float[Tensor, "1 3 size size"]:
        """The face in [-1, 1]; raises PhotoError for an unusable picture."""
        ...


class Crops(Dataset[Any]):
    """By number the aligned face (1, 3, size, size) of a picture, the reason why it has none, or an error to raise.

    Args:
        source: of the pictures.
        keys: theirs.
        cropper: finds and aligns the face.
        size: side of the faces in pixels.
        digests: sha256 by key that the pictures must still have; None: any.
    """

    def __init__(
        self,
        source: ImageSource,
        keys: Sequence[str],
        cropper: Cropper,
        size: int,
        digests: Mapping[str, str] | None = None,
    ):
        self.source = source
        self.keys = keys
        self.cropper = cropper
        self.size = size
        self.digests = digests

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, number: int) -> Tensor | str | DataError:
        key, name = self.keys[number], self.source.name
        try:
            data = self.source.read(key)
        except OSError as error:
            return DataError(f"{key} in {name} cannot be read any more ({error}); start again")
        if self.digests is not None and sha256(data) != self.digests[key]:
            return DataError(f"{key} in {name} changed while it was read; start again when it is complete")
        try:
            return self.cropper(data, key, self.size)
        except PhotoError as error:
            return str(error)

    def in_order(self, workers: int = 0) -> Iterator[Tensor | str]:
        """The faces, or why there is none; read ahead by so many processes.

        Raises:
            DataError: a picture cannot be read any more, or changed meanwhile.
        """
        found: Iterable[Any] = (self[number] for number in range(len(self)))
        if workers:
            # New processes, not copies of this one: its networks have threads.
            found = DataLoader(self, None, num_workers=workers, prefetch_factor=8, multiprocessing_context="spawn")
        for face in found:
            if isinstance(face, DataError):
                raise face
            yield face
