"""A transformer encryptor without the three weaknesses of the paper's."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.latents import check_latents


class TransformerEncryptor(nn.Module):
    """Latent encryptor T as a residual stream over all W+ layers, in normalised latent space.

    Each departure from ``TransformerPaperEncryptor`` answers something measured on the authors' code:

    * *Layer embeddings on both sides* (learned; one set for the tokens of ``w``, one for those of ``w_pwd``):
      without them the tokens of a group are interchangeable, although W+ layers mean different things.
    * *All password layers are tokens of one cross-attention*, told apart by their embedding: with one repeated
      password latent and nothing to tell the tokens apart, the paper's cross-attention is a constant and its
      query and key projections never learn. Made for per-layer password tokens; the single token works too.
    * *No groups*: every layer attends to every other.
    * *Pre-norm and a linear output without a norm*: a final layer norm gives every token the norm 22.6,
      whatever the norm of ``w``, so it cannot return the code that it was given. Here the stream carries ``w``
      itself, and its scale is free.
    * *Normalised latent space*: ``w`` and ``w_pwd`` are measured in standard deviations of the generator's W
      around its mean, so that one learning rate fits every generator; the output is mapped back.
    * *No dropout by default*: encryption must be exactly repeatable, and every step calls T six times, each
      time with another mask; left on in the authors' test script, it changes an encryption by 28 %.

    Args:
        num_layers: W+ layers of the generator.
        dim: width of w.
        heads: attention heads.
        ffn: hidden width of the feed-forward part.
        depth: number of decoder layers.
        dropout: on attention and feed-forward, in training mode only.

    Raises:
        ValueError: ``heads`` does not divide ``dim``.
    """

    w_mean: Tensor
    w_std: Tensor

    def __init__(
        self,
        num_layers: int,
        dim: int = 512,
        heads: int = 4,
        ffn: int = 1024,
        depth: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        if dim % heads:
            raise ValueError(f"dim is {dim}; expected a multiple of the number of heads, {heads}")
        self.num_layers = num_layers
        self.register_buffer("w_mean", torch.zeros(dim))
        self.register_buffer("w_std", torch.ones(dim))
        self.input_w = _unit_gain_linear(dim)
        self.input_pwd = _unit_gain_linear(dim)
        self.embedding_w = nn.Parameter(torch.randn(num_layers, dim))
        self.embedding_pwd = nn.Parameter(torch.randn(num_layers, dim))
        self.norm_pwd = nn.LayerNorm(dim)
        self.layers = nn.ModuleList(
            nn.TransformerDecoderLayer(dim, heads, ffn, dropout, batch_first=True, norm_first=True)
            for _ in range(depth)
        )
        self.output = _unit_gain_linear(dim)

    def set_latent_statistics(self, mean: Float[Tensor, "d"], std: Float[Tensor, "d"]) -> None:
        """Sets mean and standard deviation of the generator's W; kept in the state dict.

        Raises:
            ValueError: wrong shapes, or a standard deviation that is not finite and positive.
        """
        if mean.shape != self.w_mean.shape or std.shape != self.w_std.shape:
            expected = tuple(self.w_mean.shape)
            raise ValueError(f"mean and std have shapes {tuple(mean.shape)}, {tuple(std.shape)}; expected {expected}")
        if not bool((std > 0).all() & std.isfinite().all() & mean.isfinite().all()):
            raise ValueError(f"std must be positive and mean and std finite; smallest std {std.min().item():.3g}")
        self.w_mean.copy_(mean)
        self.w_std.copy_(std)

    def forward(self, w: Float[Tensor, "b n d"], w_pwd: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        """T(w, w_pwd): encrypts, and decrypts.

        Raises:
            ValueError: ``w`` or ``w_pwd`` is for another number of layers.
        """
        check_latents(w, w_pwd, self.num_layers)
        stream = self.input_w((w - self.w_mean) / self.w_std) + self.embedding_w
        password = self.norm_pwd(self.input_pwd((w_pwd - self.w_mean) / self.w_std) + self.embedding_pwd)
        for layer in self.layers:
            stream = layer(stream, password)
        out: Tensor = self.w_mean + self.w_std * self.output(stream)
        return out


def _unit_gain_linear(dim: int) -> nn.Linear:
    """A square linear layer that keeps the variance of its input at the start."""
    linear = nn.Linear(dim, dim)
    nn.init.normal_(linear.weight, std=1 / math.sqrt(dim))
    nn.init.zeros_(linear.bias)
    return linear
