"""Architecture names of pack manifests and checkpoints, and how to build each network from its JSON arguments.

Files can only name architectures of this registry, with arguments that are checked against the constructor. Modules and
PyTorch are imported when a network is built, so that reading a pack is fast.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from riddle_pl.errors import PackError, RiddleError, did_you_mean, one_line, shown
from riddle_pl.packs.arguments import checked, plain_value

if TYPE_CHECKING:
    from torch import nn

Args = Mapping[str, Any]
Builder = Callable[[Args], "nn.Module"]


CLASSES: Mapping[str, str] = {
    "stylegan2": "stylegan2.Generator",
    "mobile_head": "mobile_head.MobileHead",
    "lite_encoder": "lite_encoder.LiteEncoder",
    "code_model": "code_model.GaussianCodeModel",
    "irse50": "irse.IRSE50",
    "mobilefacenet": "mobilefacenet.MobileFaceNet",
    "facenet": "facenet.FaceNet",
    "sphereface": "sphereface.SphereFace20",
    "fid_inception": "fid_inception.FIDInception",
    "bisenet": "bisenet.BiSeNet",
    "parser_unet": "parser_unet.FaceParserUNet",
    "retinaface": "retinaface.RetinaFace",
    "traits": "traits.Traits",
    "face_axes": "face_axes.FaceAxes",
    "fit_small": "small_methods.fit.FitSmall",
    "ciagan_small": "small_methods.ciagan.CiaganSmall",
    "deepprivacy_small": "small_methods.deepprivacy.DeepPrivacySmall",
    "pack_features": "features.PackFeatures",
    "lpips_vgg": "lpips_features.LPIPSFeatures",
    "transformer_paper": "encryptors.transformer_paper.TransformerPaperEncryptor",
    "transformer": "encryptors.transformer.TransformerEncryptor",
    "transformer_residual": "encryptors.transformer.TransformerEncryptor",  # its former name, see below
    "mlp": "encryptors.mlp.MLPEncryptor",
    "involutive": "encryptors.involutive.InvolutiveEncryptor",
    "padded": "encryptors.padded.PaddedEncryptor",
}
"""Architectures whose constructor takes the arguments as they are: module and class in ``riddle_pl.networks``."""

ENCRYPTORS = ("transformer_paper", "transformer", "mlp", "involutive", "padded")
"""Those that encrypt, by the names of the config group ``encryptor``: what a checkpoint may name."""

FORMER_NAMES: Mapping[str, str] = {"transformer_residual": "transformer"}
"""Former names in packs and checkpoints. Packs keep them, since their fingerprints, and so records, depend on them."""


def current_name(arch: str) -> str:
    """The current name of an architecture."""
    return FORMER_NAMES.get(arch, arch)


BACKBONES = ("facenet", "irse50", "mobilefacenet", "sphereface")
"""What an ``aligned_recogniser`` may have inside."""

MAX_SIDE = 1024
"""Pixels of the input of a recogniser; real ones take 112 to 160."""


def class_of(arch: str) -> "type[nn.Module]":
    """The class of an architecture in :data:`CLASSES`."""
    module, _, name = CLASSES[arch].rpartition(".")
    found: "type[nn.Module]" = getattr(import_module(f"riddle_pl.networks.{module}"), name)
    return found


def _build_class(arch: str, args: Args) -> "nn.Module":
    network = class_of(arch)
    return network(**checked(network, args, arch))


def _e4e(args: Args) -> "nn.Module":
    import torch

    from riddle_pl.networks.e4e import E4EEncoder, E4EInverter

    given = checked(E4EEncoder, args, "e4e")
    return E4EInverter(E4EEncoder(**given), torch.zeros(given.get("dim", 512)))


def _aligned_recogniser(args: Args) -> "nn.Module":
    """Args: ``backbone`` {arch, args}, and those of :func:`crop_of`."""
    from riddle_pl.networks.recogniser import AlignedRecogniser

    backbone = args.get("backbone")
    if not isinstance(backbone, Mapping) or backbone.get("arch") not in BACKBONES:
        raise PackError(f"aligned_recogniser: backbone names no architecture; choose from {', '.join(BACKBONES)}")
    given = backbone.get("args", {})
    if not isinstance(given, Mapping):
        raise PackError(f"aligned_recogniser: the backbone has arguments {shown(given)}; expected an object")
    crop, input_size = crop_of({key: value for key, value in args.items() if key != "backbone"})
    return AlignedRecogniser(_build_class(backbone["arch"], given), crop, input_size)


def _code_encoder(args: Args) -> "nn.Module":
    """Args: those of the network; ``recogniser``, if it has one, as the arguments of an ``aligned_recogniser``."""
    from riddle_pl.networks.code_encoder import CodeEncoder

    given = dict(args)
    inner = given.pop("recogniser", None)
    if inner is not None and not isinstance(inner, Mapping):
        raise PackError(f"code_encoder: recogniser has arguments {shown(inner)}; expected an object")
    recogniser = None if inner is None else _aligned_recogniser(inner)
    return CodeEncoder(**checked(CodeEncoder, given, "code_encoder"), recogniser=recogniser)


def crop_of(args: Args) -> tuple[Any, tuple[int, int]]:
    """The part of an aligned image that a recogniser takes, a ``CropBox``, and its (height, width) in pixels there.

    Args:
        args: ``crop`` {top, bottom, left, right} in fractions of the side, ``input_size`` [height, width].

    Raises:
        PackError: not these, or out of range.
    """
    from riddle_pl.networks.recogniser import CropBox

    if set(args) != {"crop", "input_size"}:
        raise PackError("a recogniser has other arguments than crop and input_size; give these two")
    if not isinstance(args["crop"], Mapping):
        raise PackError(f"a recogniser: crop is {shown(args['crop'])}; expected top, bottom, left, right")
    height, width = plain_value(args["input_size"], tuple[int, int], "a recogniser: input_size")
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise PackError(f"a recogniser: input_size is {height} x {width}; expected sides from 1 to {MAX_SIDE}")
    try:
        return CropBox(**checked(CropBox, args["crop"], "a recogniser: crop")), (height, width)
    except ValueError as error:
        raise PackError(f"a recogniser: {one_line(error)}") from None


ARCHITECTURES: Mapping[str, Builder] = {
    "e4e": _e4e,
    "aligned_recogniser": _aligned_recogniser,
    "code_encoder": _code_encoder,
    **{arch: partial(_build_class, arch) for arch in CLASSES},
}
"""Builders by the name that manifests, checkpoints and ``write_pack_entry`` use."""


def build(arch: str, args: Args) -> "nn.Module":
    """A network of architecture ``arch`` with fresh weights.

    Raises:
        PackError: the name is unknown, the arguments do not fit the architecture, or they make no real network's size.
    """
    if not isinstance(arch, str) or arch not in ARCHITECTURES:
        hint = did_you_mean(str(arch), ARCHITECTURES)
        raise PackError(f"architecture {shown(arch)} is unknown; {hint}choose from {', '.join(sorted(ARCHITECTURES))}")
    from riddle_pl.networks.size_limit import build_within_limits

    try:
        return build_within_limits(lambda: ARCHITECTURES[arch](args)) if args else ARCHITECTURES[arch](args)
    except RiddleError as error:
        raise PackError(f"architecture {arch} cannot be built: {one_line(error)}") from None
    except Exception as error:  # constructors of torch raise almost any type on sizes that no network has
        raise PackError(f"architecture {arch} cannot be built with its arguments: {one_line(error)}") from error
