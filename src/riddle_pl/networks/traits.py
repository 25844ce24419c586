"""Apparent sex and age, read from a recogniser's embedding by a linear map."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

TRAITS = ("sex", "age")


class Traits(nn.Module):
    """Attributes by which candidate faces are ranked. Only differences between two images are used.

    Args:
        embedding: width of the recogniser's embedding.
    """

    def __init__(self, embedding: int):
        super().__init__()
        self.linear = nn.Linear(embedding, len(TRAITS))

    def forward(self, embedding: Float[Tensor, "b d"]) -> Float[Tensor, "b 2"]:
        """Unit embeddings to apparent sex, about -1 (woman) to 1 (man), and apparent age in decades."""
        out: Tensor = self.linear(embedding)
        return out

    @torch.no_grad()
    def fit(self, embedding: Float[Tensor, "n d"], traits: Float[Tensor, "n 2"], ridge: float) -> None:
        """Ridge regression.

        Args:
            embedding: of faces, of unit length.
            traits: of the same faces; NaN where unknown.
            ridge: strength of the penalty, in equivalent faces.

        Raises:
            ValueError: a trait is unknown for all faces.
        """
        for k, name in enumerate(TRAITS):
            known = ~traits[:, k].isnan()
            if not known.any():
                raise ValueError(f"no face with a known {name}")
            x, y = embedding[known].double(), traits[known, k].double()
            mean_x, mean_y = x.mean(dim=0), y.mean()
            x = x - mean_x
            weight = torch.linalg.solve(x.T @ x + ridge * torch.eye(x.shape[1]).to(x), x.T @ (y - mean_y))
            self.linear.weight[k] = weight.to(self.linear.weight)
            self.linear.bias[k] = (mean_y - mean_x @ weight).to(self.linear.bias)
