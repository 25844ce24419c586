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


def _tuples(value: Any) -> Any:
    """JSON has only lists where our constructors take tuples."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _class(module: str, name: str) -> Builder:
    """A network whose constructor takes the arguments as they are."""

    def builder(args: Args) -> nn.Module:
        network: nn.Module = getattr(import_module(f"riddle_pl.networks.{module}"), name)(
            **{key: _tuples(value) for key, value in args.items()}
        )
        return network

    return builder


def _stylegan2(args: Args) -> nn.Module:
    from riddle_pl.networks.stylegan2 import Generator

    channels = args.get("channels")
    by_side = None if channels is None else {int(side): int(width) for side, width in channels.items()}
    return Generator(**{**args, "channels": by_side})


def _e4e(args: Args) -> nn.Module:
    import torch

    from riddle_pl.networks.e4e import E4EEncoder, E4EInverter

    encoder = E4EEncoder(**{key: _tuples(value) for key, value in args.items()})
    return E4EInverter(encoder, torch.zeros(args.get("dim", 512)))


def _aligned_recogniser(args: Args) -> nn.Module:
    """Args: ``backbone`` {arch, args}, ``crop`` {top, bottom, left, right} in fractions, ``input_size`` [h, w]."""
    from riddle_pl.networks.recogniser import AlignedRecogniser, CropBox

    backbone, (height, width) = args["backbone"], args["input_size"]
    network = build(backbone["arch"], backbone.get("args", {}))
    return AlignedRecogniser(network, CropBox(**args["crop"]), (height, width))


ARCHITECTURES: dict[str, Builder] = {
    "stylegan2": _stylegan2,
    "e4e": _e4e,
    "lite_encoder": _class("lite_encoder", "LiteEncoder"),
    "irse50": _class("irse", "IRSE50"),
    "mobilefacenet": _class("mobilefacenet", "MobileFaceNet"),
    "aligned_recogniser": _aligned_recogniser,
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
        return ARCHITECTURES[arch](args)
    except (TypeError, ValueError, KeyError) as error:
        raise PackError(
            f"architecture {arch} cannot be built with the arguments {dict(args)}: {one_line(error)}"
        ) from error
