"""All-gather with gradients, for terms that compare the faces of a batch with each other."""

import torch
from jaxtyping import Float
from torch import Tensor


def of_all_processes(x: Float[Tensor, "b *shape"]) -> Float[Tensor, "nb *shape"]:
    """``x`` of every process, one after the other; ``x`` itself where there is one process.

    Every process must call it, with the same number of faces. Gradients of all processes' losses flow back to each
    one's ``x``, so that their mean, which DDP takes, is the gradient of the loss of the whole batch.
    """
    distributed = torch.distributed
    if not (distributed.is_available() and distributed.is_initialized()) or distributed.get_world_size() == 1:
        return x
    gathered: Tensor = _Gather.apply(x.contiguous())
    return gathered


class _Gather(torch.autograd.Function):
    """``torch.distributed.nn.all_gather`` needs all-to-all for its gradient, which gloo does not have everywhere."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        parts = [torch.empty_like(x) for _ in range(torch.distributed.get_world_size())]
        torch.distributed.all_gather(parts, x)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> Tensor:
        gradient = gradients[0].contiguous()
        torch.distributed.all_reduce(gradient)
        return gradient.chunk(torch.distributed.get_world_size())[torch.distributed.get_rank()]
