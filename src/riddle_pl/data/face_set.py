"""Aligned faces for the recipes: read from tar archives into memory, deduplicated, and split by content."""

import hashlib
import io
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from riddle_pl.errors import DataError, PhotoError, one_line
from riddle_pl.faces.load import check_pixels
from riddle_pl.files import require_file


def recipe_seed(seed: int, step: int) -> int:
    """The seed of one step of a recipe, so that a resumed run repeats it.

    Not ``riddle_pl.data.steps.step_rng``, which would change the batches of the seeds that model cards name.
    """
    return seed * 1_000_003 + step


def recipe_rng(seed: int, step: int) -> torch.Generator:
    """The CPU generator of one step."""
    return torch.Generator().manual_seed(recipe_seed(seed, step))


@dataclass(frozen=True)
class FaceSet:
    """Aligned faces in memory.

    Attributes:
        images: 0..255, RGB.
        names: ``archive/member`` of each image.
    """

    images: UInt8[Tensor, "n 3 h w"]
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)

    def sources(self) -> str:
        """How many images each archive gave, in words for a model card."""
        counts = Counter(name.split("/", 1)[0] for name in self.names)
        return ", ".join(f"{archive} ({count:,})" for archive, count in counts.items())

    def batch(
        self, size: int, seed: int, step: int, flip: bool = True, device: torch.device | str = "cpu"
    ) -> Float[Tensor, "b 3 h w"]:
        """The images of one training step, in [-1, 1], channels last, on ``device``.

        They depend on ``seed`` and ``step`` only.
        """
        rng = recipe_rng(seed, step)
        chosen = torch.randint(len(self), (size,), generator=rng)
        x = to_float(self.images[chosen].to(device))  # transferred as bytes
        if flip:
            mirrored = (torch.rand(size, generator=rng) < 0.5).to(device)
            x = torch.where(mirrored[:, None, None, None], x.flip(-1), x)
        return x.contiguous(memory_format=torch.channels_last)


def to_float(images: UInt8[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
    """0..255 bytes to [-1, 1]."""
    return images.float() / 127.5 - 1.0


def is_held_out(digest: bytes, share: float) -> bool:
    """Whether content with this sha256 belongs to the held-out share."""
    return int.from_bytes(digest[:4], "big") < share * 2**32


def read_members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of the images in a tar archive, in the order of their names.

    Raises:
        DataError: the archive is missing or damaged.
    """
    require_file(archive, "face archive", DataError)
    try:
        with tarfile.open(archive, "r:") as tar:
            members = sorted(tar.getmembers(), key=lambda m: m.name)
            _require_end(archive, tar.offset)
            for member in members:
                if member.isfile() and not member.issparse() and member.name.endswith((".jpg", ".png")):
                    stream = tar.extractfile(member)
                    if stream is not None:
                        yield member.name, stream.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(f"face archive {archive} cannot be read ({one_line(error)}); fetch it again") from error


def _require_end(archive: Path, offset: int) -> None:
    """Checks the end marker, without which an archive truncated between two members would pass."""
    with archive.open("rb") as file:
        file.seek(offset)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("it ends too early")


def open_rgb(content: bytes, name: str) -> Image.Image:
    """Decodes an image from an untrusted archive.

    Raises:
        DataError: damaged, too large, or neither JPEG nor PNG: some of Pillow's other decoders start programs.
    """
    try:
        image = Image.open(io.BytesIO(content), formats=("JPEG", "PNG"))
        check_pixels(*image.size, name)
        return image.convert("RGB")
    except PhotoError as error:
        raise DataError(str(error)) from error
    except Exception as error:  # a stranger's bytes in decoders that document no errors
        raise DataError(f"{name} is not an intact image, JPEG or PNG; fetch the archive again") from error


def read_faces(
    root: str | Path,
    archives: Sequence[str],
    size: int,
    held_out: float = 0.05,
    part: str = "train",
    count: int | None = None,
    seed: int = 0,
) -> FaceSet:
    """Reads ``root/<archive>.tar`` of aligned images and resizes them to ``size`` pixels (antialiased).

    Exact duplicates are dropped by sha256, before the split. The split depends on the content alone: an image is
    held out when the first bytes of its sha256 fall below the share, so it is the same on every machine.

    Args:
        root: folder of the archives.
        archives: their names, without ``.tar``.
        size: side in pixels.
        held_out: share of held-out images, 0 to 1.
        part: ``train`` or ``held_out``.
        count: largest number, in an order given by the seed; None: all.
        seed: of that order.

    Raises:
        DataError: an archive is missing or damaged, or nothing is left.
    """
    if part not in ("train", "held_out"):
        raise DataError(f"part={part} is unknown; choose from held_out, train")
    seen: set[bytes] = set()
    found: list[tuple[str, Path, bytes]] = []
    for name in archives:
        archive = Path(root) / f"{name}.tar"
        for member, content in read_members(archive):
            digest = hashlib.sha256(content).digest()
            if digest in seen or is_held_out(digest, held_out) != (part == "held_out"):
                continue
            seen.add(digest)
            found.append((f"{name}/{member}", archive, content))
    if not found:
        raise DataError(f"no face in {', '.join(archives)} under {root} for part={part}, held_out={held_out}")
    if count is not None:
        order = torch.randperm(len(found), generator=torch.Generator().manual_seed(seed)).tolist()
        found = [found[index] for index in order[:count]]
    images = torch.empty(len(found), 3, size, size, dtype=torch.uint8)
    for row, (name, archive, content) in enumerate(found):
        images[row] = _decode(content, size, f"{name.partition('/')[2]} in {archive}")
    return FaceSet(images, [name for name, _, _ in found])


def _decode(content: bytes, size: int, name: str) -> UInt8[Tensor, "3 size size"]:
    image = open_rgb(content, name)
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)
