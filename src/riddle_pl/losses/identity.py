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


def hinge(similarity: Float[Tensor, "b"], margin: float) -> Float[Tensor, "b"]:
    """max(0, cos - margin): two faces at or below the margin are different enough and get no gradient."""
    return F.relu(similarity - margin)


def push_apart(pairs: Iterable[EmbeddingPair], margin: float) -> Float[Tensor, ""]:
    """Mean over pairs and samples of the hinge of their cosine."""
    return torch.stack([hinge(cosine(a, b), margin).mean() for a, b in pairs]).mean()
