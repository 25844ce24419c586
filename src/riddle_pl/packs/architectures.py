"""Architecture names of pack manifests, and how to build each network from its JSON arguments.

Modules are imported when a network is built, so listing packs stays fast.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from torch import nn

from riddle_pl.errors import PackError, one_line

Args = Mapping[str, Any]
Builder = Callable[[Args], nn.Module]


def _from_json(value: Any) -> Any:
    """JSON has lists where our constructors take tuples, and texts as keys where they take numbers."""
    if isinstance(value, list):
        return tuple(_from_json(item) for item in value)
    if isinstance(value, dict):
        return {int(k) if isinstance(k, str) and k.isdigit() else k: _from_json(v) for k, v in value.items()}
    return value


def _class(module: str, name: str) -> Builder:
    """A network whose constructor takes the arguments as they are."""

    def builder(args: Args) -> nn.Module:
        network: nn.Module = getattr(import_module(f"riddle_pl.networks.{module}"), name)(**args)
        return network

    return builder


def _e4e(args: Args) -> nn.Module:
    import torch

    from riddle_pl.networks.e4e import E4EEncoder, E4EInverter

    return E4EInverter(E4EEncoder(**args), torch.zeros(args.get("dim", 512)))


def _aligned_recogniser(args: Args) -> nn.Module:
    """Args: ``backbone`` {arch, args}, ``crop`` {top, bottom, left, right} in fractions, ``input_size`` [h, w]."""
    from riddle_pl.networks.recogniser import AlignedRecogniser, CropBox

    backbone, (height, width) = args["backbone"], args["input_size"]
    network = build(backbone["arch"], backbone.get("args", {}))
    return AlignedRecogniser(network, CropBox(**args["crop"]), (height, width))


ARCHITECTURES: dict[str, Builder] = {
    "stylegan2": _class("stylegan2", "Generator"),
    "mobile_head": _class("mobile_head", "MobileHead"),
    "e4e": _e4e,
    "lite_encoder": _class("lite_encoder", "LiteEncoder"),
    "code_encoder": _class("code_encoder", "CodeEncoder"),
    "code_model": _class("code_model", "GaussianCodeModel"),
    "irse50": _class("irse", "IRSE50"),
    "mobilefacenet": _class("mobilefacenet", "MobileFaceNet"),
    "facenet": _class("facenet", "FaceNet"),
    "sphereface": _class("sphereface", "SphereFace20"),
    "fid_inception": _class("fid_inception", "FIDInception"),
    "aligned_recogniser": _aligned_recogniser,
    "bisenet": _class("bisenet", "BiSeNet"),
    "parser_unet": _class("parser_unet", "FaceParserUNet"),
    "pack_features": _class("features", "PackFeatures"),
    "lpips_vgg": _class("lpips_features", "LPIPSFeatures"),
    "transformer_paper": _class("encryptor", "TransformerEncryptor"),
    "transformer_residual": _class("encryptor_residual", "ResidualTransformerEncryptor"),
    "mlp": _class("encryptor_mlp", "MLPEncryptor"),
    "involutive": _class("encryptor_involution", "InvolutiveEncryptor"),
}
"""Builders by the name that manifests and ``write_pack_entry`` use."""


def build(arch: str, args: Args) -> nn.Module:
    """A network of architecture ``arch`` with fresh weights.

    Raises:
        PackError: the name is unknown, or the arguments do not fit the architecture.
    """
    if arch not in ARCHITECTURES:
        near = get_close_matches(arch, ARCHITECTURES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise PackError(f"architecture {arch!r} is unknown; {hint}choose from {', '.join(sorted(ARCHITECTURES))}")
    try:
        return ARCHITECTURES[arch](_from_json(dict(args)))
    except (TypeError, ValueError, KeyError) as error:
        raise PackError(
            f"architecture {arch} cannot be built with the arguments {dict(args)}: {one_line(error)}"
        ) from error
