"""The MLP encryptor: the paper's ablation without transformer."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.latents import check_latents


class MLPEncryptor(nn.Module):
    """Each layer's code and password latent, concatenated, through one MLP that all layers share.

    Args:
        num_layers: W+ layers of the generator; the weights do not depend on it, but inputs are checked against it.
        extra_layers: further hidden layers of width ``dim`` (0 in the paper's ablation).
        dim: width of w.

    Source: Li et al., "RiDDLE", CVPR 2023, ablation "w/o transformer"; key names of the authors' checkpoints.
    """

    def __init__(self, num_layers: int, extra_layers: int = 0, dim: int = 512):
        super().__init__()
        self.num_layers = num_layers
        widths = [2 * dim, 4 * dim, 2 * dim, dim, *([dim] * (extra_layers + 1))]
        layers: list[nn.Module] = []
        for in_dim, out_dim in pairwise(widths):
            layers += [nn.Linear(in_dim, out_dim), nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*layers[:-1])

    def forward(self, w: Float[Tensor, "b n d"], w_pwd: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        """T(w, w_pwd): encrypts, and decrypts; the output has no residual to ``w``.

        Raises:
            ValueError: ``w`` or ``w_pwd`` is for another number of layers.
        """
        check_latents(w, w_pwd, self.num_layers)
        out: Tensor = self.model(torch.cat([w, w_pwd], dim=-1))
        return out

    @torch.no_grad()
    def start_at(self, mean: Float[Tensor, "d"], std: Float[Tensor, "d"]) -> None:
        """Initialises biases so that inputs are centred and outputs start at the mean of the codes."""
        first: nn.Linear = self.model[0]  # type: ignore[assignment]  # nn.Sequential says Module of all
        first.bias.copy_(-first.weight @ torch.cat([mean, mean]))
        last: nn.Linear = self.model[-1]  # type: ignore[assignment]  # nn.Sequential says Module of all
        last.bias.copy_(mean)
