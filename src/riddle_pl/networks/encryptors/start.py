"""Initialisations of the paper's transformer encryptor, by name in the config, and its weights on other scales."""

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

Layers = Sequence[nn.TransformerDecoderLayer]
Start = Callable[[Layers, Float[Tensor, "d"], Float[Tensor, "d"]], None]


@torch.no_grad()
def usual_start(layers: Layers, mean: Float[Tensor, "d"], std: Float[Tensor, "d"]) -> None:
    """Random weights. Outputs start with the mean and deviation of the codes, and attention inputs are centred.

    Otherwise, if W is far from zero, the mean of the passwords dominates their differences.
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
    3. a negligible feed-forward part;
    4. mean + s · norm.

    For equal tokens of a group, attention is exact whatever queries and keys are; these stay random. For different
    tokens, attention is about a uniform average: the group's mean is reflected, and differences between its layers are
    kept.
    """
    scale = float(std.square().mean().sqrt())
    identity = torch.eye(len(mean), dtype=mean.dtype, device=mean.device)
    for layer in layers:
        own, other = layer.self_attn, layer.multihead_attn
        query, key, _ = own.in_proj_weight.chunk(3)
        own.in_proj_weight.copy_(torch.cat([query, key, identity]))
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


@torch.no_grad()
def fold_statistics(layers: Layers, mean: Float[Tensor, "d"], scale: float) -> None:
    """From layers for (w - mean) / scale to layers for w that compute the same, but for the epsilon of the norms."""
    for layer in layers:
        own, other = layer.self_attn, layer.multihead_attn
        own.in_proj_weight.div_(scale)
        own.in_proj_bias.sub_(own.in_proj_weight @ mean)
        own.out_proj.weight.mul_(scale)  # beside w itself, which the first norm sees less its mean, and not divided
        own.out_proj.bias.mul_(scale).sub_(mean)
        other.in_proj_weight[len(mean) :].div_(scale)  # keys and values; queries come out of the first norm
        other.in_proj_bias[len(mean) :].sub_(other.in_proj_weight[len(mean) :] @ mean)
        layer.norm3.weight.mul_(scale)
        layer.norm3.bias.mul_(scale).add_(mean)


STARTS: Mapping[str, Start] = {"usual": usual_start, "difference": difference_start}
"""By the name in ``encryptor.start``."""
