"""The plain training step: what ``benchmarks.training_step`` measures against, and the reference of the losses' tests.

The loss of ``riddle_pl.losses``, written out once more in full and sharing no code with it, and computed as the
authors' released code computes its own (commit 6abf4a7; ``coach`` is
``mapper/training/coach_id_swapping_password_same_mapper.py``). What it spends more than the fast step does:

- an encryptor call per password and a generator call per image (coach, ``train``);
- the generator in the port's form, its weights not frozen, so that their gradients are computed and thrown away
  (coach never freezes ``decoder``; ``benchmarks.port_generator`` says what the form is);
- recogniser, LPIPS and parser run on both images of every pair (coach, ``calc_loss``: 9, 5 and 5 pairs);
- L1 distances of the recogniser's five maps for each of the 9 pairs, which no term uses (``criteria/id_loss.py``,
  ``calculate_loss``);
- the parser's weights not frozen (``criteria/parse_related_loss/bg_loss.py`` never does), and four more parser calls
  per step for masks to log (coach, ``gen_mask`` after the backward pass).

Left out, because the two steps must agree on value and gradients: the authors' parser at twice the resolution, their
gradient to x_dec in the wrong-password pairs, and dropout. Left out as well: terms that L_total does not have.
"""

import copy
from collections.abc import Mapping, Sequence
from itertools import accumulate, combinations, pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from benchmarks.port_generator import port_form
from riddle_pl.networks.irse import IRSE, PUBLIC_BLOCKS
from riddle_pl.networks.recogniser import AlignedRecogniser
from riddle_pl.networks.resize import resize
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.training.step import EncryptionStep

LOGGED_CLASSES = (2, 4, 5, 10, 11, 12)
"""Nose, eyes, mouth and lips: the classes of the masks that the authors' code logs."""


class RecogniserWithMaps(nn.Module):
    """The public IR-SE-50 recogniser, returning its input layer's and its four stages' maps before the embedding."""

    def __init__(self, recogniser: AlignedRecogniser, backbone: IRSE):
        super().__init__()
        self.recogniser = recogniser
        self.backbone = backbone

    def forward(self, x: Float[Tensor, "b 3 h h"]) -> list[Tensor]:
        """Images in [-1, 1] to five maps and the embedding of unit length."""
        maps = [self.backbone.input_layer(resize(self.recogniser.crop.cut(x), self.recogniser.input_size))]
        for start, end in pairwise((0, *accumulate(PUBLIC_BLOCKS))):
            maps.append(self.backbone.body[start:end](maps[-1]))
        return [*maps, F.normalize(self.backbone.output_layer(maps[-1]), dim=1)]


def plain_networks(fast: EncryptionStep, generator: Generator) -> EncryptionStep:
    """The networks of ``fast`` for the plain step: generator and parser copied and not frozen, recogniser with maps."""
    recogniser = fast.recogniser
    if isinstance(recogniser, AlignedRecogniser) and isinstance(recogniser.backbone, IRSE):
        recogniser = RecogniserWithMaps(recogniser, recogniser.backbone)
    parser = None if fast.parser is None else copy.deepcopy(fast.parser).requires_grad_(True)
    return EncryptionStep(fast.encryptor, port_form(generator), recogniser, fast.perceptual, parser, fast.code_space)


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
    if "distinction" in weights:
        faces = [face for images in (enc1, enc2, wrong1, wrong2) for face in images.split(1)]
        above = torch.cat([_cosine(networks, a, b) for a, b in combinations(faces, 2)]) - margin
        total = total + weights["distinction"] * above.clamp_min(0.0).mean()
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
    pairs_of_codes = {
        "deidentification_codes": [(w, w_enc1), (w, w_enc2)],
        "wrong_password_codes": [(w, w_wrong1), (w, w_wrong2), (w_dec.detach(), w_wrong1), (w_dec.detach(), w_wrong2)],
        "diversity_codes": [(w_enc1, w_enc2), (w_wrong1, w_wrong2)],
        "ciphertext_codes": [(w_enc1, w_wrong1), (w_enc1, w_wrong2)],
    }
    for term, compared_codes in pairs_of_codes.items():
        if term in weights:
            for a, b in compared_codes:
                above = (_cosine_of_layers(networks, a, b) - margin).clamp_min(0.0)
                total = total + weights[term] * above.mean() / len(compared_codes)
    if "recovery_codes" in weights:
        total = total + weights["recovery_codes"] * (1.0 - _cosine_of_layers(networks, w, w_dec)).mean()
    if "typical" in weights:
        for _, code in everything:
            total = total + weights["typical"] * _typical(w, code)
    if "parse" in weights:
        for image in (x, enc1, dec, wrong1):
            _logged_mask(networks, image)
    return total


def _cosine(networks: EncryptionStep, a: Tensor, b: Tensor) -> Tensor:
    recogniser = _required(networks.recogniser, "recogniser")
    *maps_a, embedding_a = _as_list(recogniser(a))
    *maps_b, embedding_b = _as_list(recogniser(b))
    for map_a, map_b in zip(maps_a, maps_b, strict=True):
        F.l1_loss(map_a, map_b)  # as the authors do, for nothing
    return (embedding_a * embedding_b).sum(dim=1)


def _cosine_of_layers(networks: EncryptionStep, a: Tensor, b: Tensor) -> Tensor:
    """One cosine for each layer of each code."""
    space = _required(networks.code_space, "code space")
    layers = [F.cosine_similarity(space(a)[:, index], space(b)[:, index], dim=1) for index in range(a.shape[1])]
    return torch.stack(layers, dim=1)


def _as_list(features: Tensor | list[Tensor]) -> list[Tensor]:
    return [features] if isinstance(features, Tensor) else features


def _perceptual(networks: EncryptionStep, a: Tensor, b: Tensor) -> Tensor:
    features = _required(networks.perceptual, "perceptual")
    total = torch.zeros((), dtype=a.dtype, device=a.device)
    for of_a, of_b in zip(features(a), features(b), strict=True):
        total = total + ((of_a - of_b) ** 2).sum(dim=1).mean()
    return total


def _parse(networks: EncryptionStep, a: Tensor, b: Tensor) -> Tensor:
    parser = _required(networks.parser, "parser")
    return F.mse_loss(parser(a), parser(b))


def _typical(w: Tensor, code: Tensor) -> Tensor:
    mean = w.flatten(0, 1).mean(dim=0)
    distances = [((codes - mean) ** 2).flatten(1).mean(dim=1) for codes in (w, code)]
    usual = distances[0].mean()
    return (distances[1] / usual - 1.0).clamp_min(0.0).mean()


@torch.no_grad()
def _logged_mask(networks: EncryptionStep, image: Tensor) -> Tensor:
    labels = _required(networks.parser, "parser")(image).argmax(dim=1)
    return torch.isin(labels, torch.tensor(LOGGED_CLASSES, device=labels.device))


def _required(network: nn.Module | None, role: str) -> nn.Module:
    if network is None:
        raise ValueError(f"the plain step needs a {role}")
    return network
