"""The paper's latent encryptor: one transformer decoder layer per group of W+ layers."""

import copy
from collections.abc import Sequence
from typing import Literal, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.encryptors.start import STARTS, fold_statistics
from riddle_pl.networks.latents import check_latents

Norm = Literal["layernorm", "none"]
Start = Literal["usual", "difference"]


def default_groups(num_layers: int) -> tuple[int, ...]:
    """Coarse, middle and fine layers as in the paper: (4, 4, rest), so (4, 4, 6) at 256 px.

    Raises:
        ValueError: fewer than 9 layers, which leaves no fine group; name the groups then.
    """
    if num_layers < 9:
        raise ValueError(f"{num_layers} layers cannot be split into groups of 4, 4 and the rest; give groups")
    return (4, 4, num_layers - 8)


class TransformerPaperEncryptor(nn.Module):
    """Latent encryptor T of the paper, in the authors' checkpoint format.

    The tokens are the layers of ``w``. Each group of layers goes through a post-norm decoder layer of its own:
    self-attention among the tokens of the group, cross-attention to the same layers of ``w_pwd``, feed-forward.

    What this architecture can and cannot do (all measured on the authors' code):

    * With the paper's password, one latent repeated over all layers, all keys and all values of the
      cross-attention are equal. Attention weights over equal values cannot matter: the cross-attention is the
      constant ``out_proj(v_proj(w_pwd))``, one additive vector per group, and its query and key projections get
      no gradient. Per-layer password tokens make it an attention again.
    * Without ``position_embedding`` the tokens of a group are interchangeable: permuting the layers of ``w``
      permutes the output.
    * It ends in a layer norm: with its initial gain and bias, every output token has norm sqrt(512) = 22.6 and lies
      around zero, wherever the codes lie. A fresh run initialises gain and bias to deviation and mean of the
      training codes (``start_at``); the authors' code does not. Gain and bias are shared by a group, so that its layers
      get equal norms.
    * From random weights, the identity terms lead to an output that is nearly the same for every password for the
      first few hundred steps, and on codes that are not standardised for longer.
      ``start="difference"`` begins at T(w, p) = p - w in this architecture (``networks/encryptors/start.py``).
    * For codes far from zero, the common mean dominates the gradients. ``standardised`` is the same architecture on
      standardised codes; ``folded`` converts it to the paper's weights.

    ``TransformerEncryptor`` avoids the first three. ``riddle-attack`` measures what codes of either reveal without the
    password.

    Args:
        num_layers: W+ layers of the generator.
        groups: sizes of the groups, summing to ``num_layers``; (4, 4, rest) by default.
        dim: width of w.
        heads: attention heads.
        ffn: hidden width of the feed-forward part.
        dropout: on attention and feed-forward, in training mode only.
        input_linear: a learned linear map on ``w`` and another on ``w_pwd`` first.
        position_embedding: a learned vector per layer, added to the tokens of ``w``.
        norm: "layernorm", or "none" for the authors' variant without any.
        start: "usual" or "difference", initialisation of a fresh run.
        standardised: standardise the inputs and undo it on the outputs, by mean and deviation stored in the weights.

    Raises:
        ValueError: the groups do not sum to ``num_layers``, ``heads`` does not divide ``dim``, or there is no such
            start or not of this variant.

    Source: Li et al., "RiDDLE", CVPR 2023, section 3.2.
    """

    mean: Tensor | None
    scale: Tensor | None

    def __init__(
        self,
        num_layers: int,
        groups: Sequence[int] | None = None,
        dim: int = 512,
        heads: int = 4,
        ffn: int = 1024,
        dropout: float = 0.1,
        input_linear: bool = False,
        position_embedding: bool = False,
        norm: Norm = "layernorm",
        start: Start = "usual",
        standardised: bool = False,
    ):
        super().__init__()
        if dim % heads:
            raise ValueError(f"dim is {dim}; expected a multiple of the number of heads, {heads}")
        self.num_layers = num_layers
        self.groups = tuple(groups) if groups is not None else default_groups(num_layers)
        if sum(self.groups) != num_layers or min(self.groups) < 1:
            raise ValueError(f"groups are {self.groups}, which sum to {sum(self.groups)}; expected {num_layers} layers")
        if start not in STARTS:
            raise ValueError(f"start is {start!r}; expected one of {', '.join(STARTS)}")
        if (start == "difference" or standardised) and (input_linear or position_embedding or norm != "layernorm"):
            raise ValueError(
                f"start is {start!r} and standardised {standardised}; with input_linear, position_embedding or another "
                "norm than 'layernorm', expected 'usual' and False"
            )
        self.start = start
        self.equal_tokens_stay_equal = not position_embedding and not dropout
        self.pos_embedding = nn.Parameter(torch.randn(num_layers, 1, dim)) if position_embedding else None
        self.linear_ori = nn.Linear(dim, dim) if input_linear else None
        self.linear_pwd = nn.Linear(dim, dim) if input_linear else None
        self.register_buffer("mean", torch.zeros(dim) if standardised else None)
        self.register_buffer("scale", torch.ones(()) if standardised else None)
        self.layers = nn.ModuleList(_decoder_layer(dim, heads, ffn, dropout, norm) for _ in self.groups)

    def forward(self, w: Float[Tensor, "b n d"], w_pwd: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        """T(w, w_pwd): encrypts, and decrypts; the output has no residual to ``w``.

        Raises:
            ValueError: ``w`` or ``w_pwd`` is for another number of layers.
        """
        check_latents(w, w_pwd, self.num_layers)
        return self._decode(w, w_pwd, self.groups)

    def on_groups(self, w: Float[Tensor, "b g d"], w_pwd: Float[Tensor, "b g d"]) -> Float[Tensor, "b g d"]:
        """T of codes and passwords whose layers are equal within each group, one token for each group's.

        The same as ``forward`` on all layers where ``equal_tokens_stay_equal``: attention over equal tokens is
        attention over one.

        Raises:
            ValueError: ``w`` or ``w_pwd`` is for another number of groups, or the tokens of a group do not stay equal.
        """
        if not self.equal_tokens_stay_equal:
            raise ValueError("a position embedding or dropout tells the tokens of a group apart; give all layers")
        check_latents(w, w_pwd, len(self.groups))
        return self._decode(w, w_pwd, (1,) * len(self.groups))

    @torch.no_grad()
    def start_at(self, mean: Float[Tensor, "d"], std: Float[Tensor, "d"]) -> None:
        """Initialises as ``start`` says, for codes of this mean and deviation."""
        if self.mean is not None and self.scale is not None:
            self.mean.copy_(mean)
            self.scale.copy_(std.square().mean().sqrt())
            mean, std = torch.zeros_like(mean), std / self.scale
        STARTS[self.start](self._decoders(), mean, std)

    @torch.no_grad()
    def folded(self) -> Self:
        """The same T without ``standardised``: mean and deviation are folded into the weights."""
        network = copy.deepcopy(self)
        if network.mean is not None and network.scale is not None:
            mean, scale = network.mean, network.scale
            network.mean = network.scale = None
            fold_statistics(network._decoders(), mean, float(scale))
        return network

    def _decoders(self) -> list[nn.TransformerDecoderLayer]:
        return [layer for layer in self.layers if isinstance(layer, nn.TransformerDecoderLayer)]

    def _decode(self, w: Tensor, w_pwd: Tensor, sizes: Sequence[int]) -> Tensor:
        if self.mean is not None and self.scale is not None:
            w, w_pwd = (w - self.mean) / self.scale, (w_pwd - self.mean) / self.scale
        if self.linear_ori is not None and self.linear_pwd is not None:
            w, w_pwd = self.linear_ori(w), self.linear_pwd(w_pwd)
        if self.pos_embedding is not None:
            w = w + self.pos_embedding[:, 0]
        tokens, passwords = torch.split(w, list(sizes), dim=1), torch.split(w_pwd, list(sizes), dim=1)
        pairs = zip(self.layers, tokens, passwords, strict=True)
        out = torch.cat([layer(token, password) for layer, token, password in pairs], dim=1)
        return out if self.mean is None or self.scale is None else self.mean + self.scale * out


def _decoder_layer(dim: int, heads: int, ffn: int, dropout: float, norm: Norm) -> nn.TransformerDecoderLayer:
    layer = nn.TransformerDecoderLayer(dim, heads, ffn, dropout, batch_first=True)
    if norm == "none":
        layer.norm1 = layer.norm2 = layer.norm3 = nn.Identity()  # type: ignore[assignment]  # identity has no keys
    return layer
