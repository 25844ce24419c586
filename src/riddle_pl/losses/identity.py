"""The identity terms' common measure: cosine similarity of recogniser embeddings, and a margin for the way down."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

EmbeddingPair = tuple[Float[Tensor, "b d"], Float[Tensor, "b d"]]


def cosine(a: Float[Tensor, "b d"], b: Float[Tensor, "b d"]) -> Float[Tensor, "b"]:
    """Cosine similarity of each sample's two embeddings."""
    return F.cosine_similarity(a, b, dim=1)


def hinge(similarity: Float[Tensor, "b"], margin: float, squared: bool = False) -> Float[Tensor, "b"]:
    """max(0, cos - margin), or its square: faces at or below the margin are different enough and get no gradient."""
    above = F.relu(similarity - margin)
    return above.square() if squared else above


def push_apart(pairs: Iterable[EmbeddingPair], margin: float, squared: bool = False) -> Float[Tensor, ""]:
    """Mean over pairs and samples of the hinge of their cosine, or of its square.

    The mean of cosines is as low for a few persons far from each other as for many who differ, although two draws of
    the few are often the same person; the square counts such pairs most.
    """
    return torch.stack([hinge(cosine(a, b), margin, squared) for a, b in pairs]).mean()
