"""How many layers a code of StyleGAN2 has. Importing this takes no PyTorch, so that manifests are read at once."""

import math


def num_layers(size: int) -> int:
    """Number of W+ layers of a generator of ``size`` pixels: 2 log2(size) - 2.

    Raises:
        ValueError: ``size`` is not a power of two of at least 8.
    """
    if size < 8 or size & (size - 1):
        raise ValueError(f"image size is {size}; expected a power of two of at least 8")
    return 2 * int(math.log2(size)) - 2
