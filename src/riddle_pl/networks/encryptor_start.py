"""Where a fresh transformer encryptor of the paper begins: functions of its decoder layers, by the name in the config."""

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

Layers = Sequence[nn.TransformerDecoderLayer]
Start = Callable[[Layers, Float[Tensor, "d"], Float[Tensor, "d"]], None]


@torch.no_grad()
def usual_start(layers: Layers, mean: Float[Tensor, "d"], std: Float[Tensor, "d"]) -> None:
    """Random weights. The outputs get the mean and the deviation of the codes, and attention sees what differs from it.

    Without it, on a W far from zero, what all passwords have in common drowns what tells them apart.
    """
    for layer in layers:
        for attention in (layer.self_attn, layer.multihead_attn):
            attention.in_proj_bias.copy_(-attention.in_proj_weight @ mean)
        if isinstance(layer.norm3, nn.LayerNorm):
            layer.norm3.bias.copy_(mean)
            layer.norm3.weight.copy_(std)


@torch.no_grad()
def difference_start(layers: Layers, mean: Float[Tensor, "d"], std: Float[Tensor, "d"]) -> None:
    """T(w, p) = p - w around the mean, up to the length that the last norm fixes; T(T(w, p), p) points back to w.

    With c = w - mean and s the codes' deviation over all components, a layer computes, from norm to norm,

    1. w + self-attention(w) = w - 2 c - mean = -c;
    2. -c / s + cross-attention(p) = (p - mean - c) / s;
    3. next to nothing in the feed-forward part;
    4. mean + s · norm.

    Attention averages values, so its output does not depend on heads, nor, where tokens are equal, on queries and keys.
    Where the layers of a group differ, each token looks at those that are most like it, itself first.
    """
    scale = float(std.square().mean().sqrt())
    identity = torch.eye(len(mean), dtype=mean.dtype, device=mean.device)
    for layer in layers:
        own, other = layer.self_attn, layer.multihead_attn
        own.in_proj_weight.copy_(torch.cat([identity / scale, identity / scale, identity]))
        own.in_proj_bias.copy_(-own.in_proj_weight @ mean)
        own.out_proj.weight.copy_(-2.0 * identity)
        own.out_proj.bias.copy_(-mean)

        query, key, _ = other.in_proj_weight.chunk(3)
        other.in_proj_weight.copy_(torch.cat([query, key, identity / scale]))
        other.in_proj_bias.copy_(-other.in_proj_weight @ mean)
        other.in_proj_bias[: len(mean)] = 0.0  # of the queries, which come centred out of the first norm
        other.out_proj.weight.copy_(identity)
        other.out_proj.bias.zero_()

        layer.linear2.weight.mul_(0.1)
        layer.linear1.bias.zero_()
        layer.linear2.bias.zero_()
        layer.norm3.weight.fill_(scale)
        layer.norm3.bias.copy_(mean)


STARTS: Mapping[str, Start] = {"usual": usual_start, "difference": difference_start}
"""By the name in ``encryptor.start``."""
