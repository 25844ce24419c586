"""Cosine similarity of recogniser embeddings, and the margin hinge of the terms that separate identities."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

EmbeddingPair = tuple[Float[Tensor, "b d"], Float[Tensor, "b d"]]


def cosine(a: Float[Tensor, "b d"], b: Float[Tensor, "b d"]) -> Float[Tensor, "b"]:
    """Cosine similarity of each sample's two embeddings, in [-1, 1].

    >>> cosine(torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [3.0, 4.0]])).tolist()
    [1.0, 0.800000011920929]
    """
    return F.cosine_similarity(a, b, dim=1)


def hinge(similarity: Float[Tensor, "b"], margin: float, squared: bool = False) -> Float[Tensor, "b"]:
    """max(0, cos - margin), or its square: pairs at or below the margin get no gradient.

    >>> hinge(torch.tensor([0.5, 0.1, -0.5]), margin=0.25).tolist()
    [0.25, 0.0, 0.0]
    >>> hinge(torch.tensor([0.75]), margin=0.25, squared=True).item()
    0.25
    """
    above = F.relu(similarity - margin)
    return above.square() if squared else above


def push_apart(pairs: Iterable[EmbeddingPair], margin: float, squared: bool = False) -> Float[Tensor, ""]:
    """Mean over pairs and samples of the hinge of their cosine, or of its square.

    The plain mean does not tell a few well separated identities from many different ones; the square gives most weight
    to pairs of the same identity.

    >>> a, b = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> push_apart([(a, a), (a, b)], margin=0.5).item()  # max(0, 1 - 0.5) and max(0, 0 - 0.5)
    0.25
    """
    return torch.stack([hinge(cosine(a, b), margin, squared) for a, b in pairs]).mean()
