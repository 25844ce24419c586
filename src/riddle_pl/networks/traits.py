"""Apparent sex and age, childhood and glasses, read from a recogniser's features by a linear map."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

TRAITS = ("sex", "age", "child", "glasses")


class Traits(nn.Module):
    """Attributes by which candidate faces are ranked: glasses by themselves, the others by differences between images.

    Args:
        features: their number.
    """

    def __init__(self, features: int):
        super().__init__()
        self.linear = nn.Linear(features, len(TRAITS))

    def forward(self, features: Float[Tensor, "b c"]) -> Float[Tensor, "b 4"]:
        """Features of :meth:`riddle_pl.networks.recogniser.AlignedRecogniser.with_features` to apparent sex, about -1
        (woman) to 1 (man), to an adult's apparent age in decades, to about 0 (adult) to 1 (child), and to about 0 (no
        glasses) to 1 (glasses, of drawn faces)."""
        out: Tensor = self.linear(features)
        return out

    @torch.no_grad()
    def fit(self, features: Float[Tensor, "n c"], traits: Float[Tensor, "n 4"], ridge: float) -> None:
        """Ridge regression.

        Args:
            features: of faces.
            traits: of the same faces; NaN where unknown.
            ridge: strength of the penalty, in equivalent faces.

        Raises:
            ValueError: a trait is unknown for all faces.
        """
        for k, name in enumerate(TRAITS):
            known = ~traits[:, k].isnan()
            if not known.any():
                raise ValueError(f"no face with a known {name}")
            x, y = features[known].double(), traits[known, k].double()
            mean_x, mean_y = x.mean(dim=0), y.mean()
            x = x - mean_x
            weight = torch.linalg.solve(x.T @ x + ridge * torch.eye(x.shape[1]).to(x), x.T @ (y - mean_y))
            self.linear.weight[k] = weight.to(self.linear.weight)
            self.linear.bias[k] = (mean_y - mean_x @ weight).to(self.linear.bias)
