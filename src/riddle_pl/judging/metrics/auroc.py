"""Area under the ROC curve."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics.functional.classification import binary_auroc


def auroc(positive: Float[Tensor, "p"], negative: Float[Tensor, "n"]) -> float:
    """Probability that a score of ``positive`` is above one of ``negative``; ties count half."""
    scores = torch.cat([positive, negative]).detach().cpu()
    places = scores.unique(return_inverse=True)[1].double()  # torchmetrics squashes scores outside of [0, 1]
    labels = torch.cat([torch.ones(len(positive)), torch.zeros(len(negative))]).long()
    return float(binary_auroc(places / places.max().clamp_min(1.0), labels))
