"""Checks that all encryptors share on the latents that they are given."""

from torch import Tensor


def check_latents(w: Tensor, w_pwd: Tensor, num_layers: int) -> None:
    """Checks that codes and password latents (b, n, d) are for an encryptor of ``num_layers`` layers.

    Raises:
        ValueError: another number of layers, or two different shapes.
    """
    if w.shape[1] != num_layers:
        raise ValueError(f"w has {w.shape[1]} layers; this encryptor was made for {num_layers}")
    if w.shape != w_pwd.shape:
        raise ValueError(f"w_pwd has shape {tuple(w_pwd.shape)}; expected that of w, {tuple(w.shape)}")
