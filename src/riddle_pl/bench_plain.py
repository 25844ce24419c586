"""The plain training step: what ``riddle_pl.bench`` measures against, and the reference of the losses' tests.

Pair by pair, as the authors' code does it: an encryptor call per password, a generator call per image, the features of
both images computed anew for each pair, and modulated convolutions in the fused form. The terms and their weights are
those of ``riddle_pl.losses``, written out once more in full and sharing no code with them.
"""

import copy
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.stylegan2 import Generator, ModulatedConv2d
from riddle_pl.training.step import EncryptionStep


class FusedModulatedConv2d(nn.Module):
    """A modulated convolution as one grouped convolution with a weight per sample; shares the parameters of ``conv``.

    Source: the fused form of Karras et al. (CVPR 2020), section 2.2: w''_ijk = s_i w_ijk / sqrt(Σ (s_i w_ijk)² + ε).
    """

    def __init__(self, conv: ModulatedConv2d):
        super().__init__()
        self.conv = conv

    def forward(self, x: Float[Tensor, "b i h w"], style: Float[Tensor, "b d"]) -> Float[Tensor, "b o h2 w2"]:
        conv = self.conv
        batch, channels, height, width = x.shape
        weight = conv.weight * conv.scale * conv.modulation(style)[:, None, :, None, None]  # b o i k k
        if conv.demodulate:
            weight = weight * torch.rsqrt(weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8) * conv.gain
        x = x.reshape(1, batch * channels, height, width)
        if conv.upsample:
            transposed = weight.transpose(1, 2).flatten(0, 1)
            x = F.conv_transpose2d(x, transposed, stride=2, groups=batch)
            return conv.blur(x.reshape(batch, -1, *x.shape[2:]))  # type: ignore[no-any-return]  # a module's call
        x = F.conv2d(x, weight.flatten(0, 1), padding=conv.padding, groups=batch)
        return x.reshape(batch, -1, height, width)


def fused_copy(generator: Generator) -> Generator:
    """A copy of ``generator`` with fused modulated convolutions, its weights not frozen: the same function."""
    fused = copy.deepcopy(generator).requires_grad_(True)
    for module in list(fused.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, ModulatedConv2d):
                setattr(module, name, FusedModulatedConv2d(child))
    return fused


def plain_loss(
    networks: EncryptionStep, codes: Sequence[Float[Tensor, "b n d"]], weights: Mapping[str, float], margin: float
) -> Float[Tensor, ""]:
    """L_total of one step; terms that ``weights`` lacks are not computed.

    Args:
        networks: the networks; its fast step is not used.
        codes: w, the first password, the second, and two wrong ones.
        weights: by term name; reconstruction terms are over all five images, ``*_recovery`` over x_dec.
        margin: of every identity term but the recovery.
    """
    w, w_pwd1, w_pwd2, w_wrong1_pwd, w_wrong2_pwd = codes
    encryptor, generator = networks.encryptor, networks.generator
    with torch.no_grad():
        x = generator(w)
    w_enc1 = encryptor(w, w_pwd1)
    w_enc2 = encryptor(w, w_pwd2)
    w_dec = encryptor(w_enc1, w_pwd1)
    w_wrong1 = encryptor(w_enc1, w_wrong1_pwd)
    w_wrong2 = encryptor(w_enc1, w_wrong2_pwd)
    enc1, enc2, dec = generator(w_enc1), generator(w_enc2), generator(w_dec)
    wrong1, wrong2 = generator(w_wrong1), generator(w_wrong2)
    pairs = {
        "deidentification": [(x, enc1), (x, enc2)],
        "wrong_password": [(x, wrong1), (x, wrong2), (dec.detach(), wrong1), (dec.detach(), wrong2)],
        "diversity": [(enc1, enc2), (wrong1, wrong2)],
        "ciphertext": [(enc1, wrong1), (enc1, wrong2)],
    }
    total = torch.zeros((), dtype=w.dtype, device=w.device)
    for term, images in pairs.items():
        if term in weights:
            for a, b in images:
                above = (_cosine(networks, a, b) - margin).clamp_min(0.0)
                total = total + weights[term] * above.mean() / len(images)
    if "recovery" in weights:
        total = total + weights["recovery"] * (1.0 - _cosine(networks, x, dec)).mean()
    everything = [(enc1, w_enc1), (enc2, w_enc2), (dec, w_dec), (wrong1, w_wrong1), (wrong2, w_wrong2)]
    for suffix, compared in (("", everything), ("_recovery", [(dec, w_dec)])):
        for image, code in compared:
            if f"pixel{suffix}" in weights:
                total = total + weights[f"pixel{suffix}"] * F.l1_loss(image, x)
            if f"perceptual{suffix}" in weights:
                total = total + weights[f"perceptual{suffix}"] * _perceptual(networks, x, image)
            if f"parse{suffix}" in weights:
                total = total + weights[f"parse{suffix}"] * _parse(networks, x, image)
            if f"latent{suffix}" in weights:
                total = total + weights[f"latent{suffix}"] * F.mse_loss(code, w)
    return total


def _cosine(networks: EncryptionStep, a: Tensor, b: Tensor) -> Tensor:
    recogniser = _required(networks.recogniser, "recogniser")
    product: Tensor = recogniser(a) * recogniser(b)
    return product.sum(dim=1)


def _perceptual(networks: EncryptionStep, a: Tensor, b: Tensor) -> Tensor:
    features = _required(networks.perceptual, "perceptual")
    total = torch.zeros((), dtype=a.dtype, device=a.device)
    for of_a, of_b in zip(features(a), features(b), strict=True):
        total = total + ((of_a - of_b) ** 2).sum(dim=1).mean()
    return total


def _parse(networks: EncryptionStep, a: Tensor, b: Tensor) -> Tensor:
    parser = _required(networks.parser, "parser")
    return F.mse_loss(parser(a), parser(b))


def _required(network: nn.Module | None, role: str) -> nn.Module:
    if network is None:
        raise ValueError(f"the plain step needs a {role}")
    return network
