"""From a verified weight file to a network: our safetensors files and the public checkpoint formats."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from riddle_pl.errors import CheckpointError, PackError, one_line
from riddle_pl.networks.formats.checkpoint_files import load_strict, read_checkpoint, tensors
from riddle_pl.packs.architectures import build, crop_of
from riddle_pl.packs.manifest import Manifest, WeightEntry

METADATA = "riddle"
"""Key of a weight file's metadata."""

Loader = Callable[[WeightEntry, Path, Manifest], nn.Module]


def load_network(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    """Builds the network of an entry and loads its weights strictly.

    Raises:
        PackError: the network is for another image size or number of layers than the pack.
        CheckpointError: the file does not fit the architecture.
    """
    network = _LOADERS[entry.format](entry, path, manifest)
    drawn = {"generator": manifest.whole_size, **{role: size for size, role in manifest.heads.items()}}
    needs = {"num_layers": manifest.num_layers} | ({"size": drawn[entry.role]} if entry.role in drawn else {})
    for attribute, needed in needs.items():
        found = getattr(network, attribute, needed)
        if found != needed:
            raise PackError(
                f"{path} ({entry.role}) has {attribute} {found}; pack {manifest.name} needs {needed} "
                f"({manifest.num_layers} layers at {manifest.whole_size} px)"
            )
    return network


def written_metadata(arch: str, args: Mapping[str, Any]) -> dict[str, str]:
    """What a weight file says of its network, so that its hash, which records hold, stands for the arguments, too."""
    return {METADATA: json.dumps({"arch": arch, "args": args}, sort_keys=True)}  # one key: the order of several varies


def _safetensors(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    network = build(entry.arch, entry.args)
    try:
        state = load_file(path)
        with safe_open(path, "pt") as file:
            written = (file.metadata() or {}).get(METADATA)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is not a safetensors file ({one_line(error)}); get it again") from None
    load_strict(network, state, str(path))
    expected = written_metadata(entry.arch, entry.args)[METADATA]
    if written is not None and written != expected:
        raise PackError(f"{path} was written as {written:.200}; pack {manifest.name} has it as {expected:.200}")
    return network


def _stylegan2(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.checkpoints import load_generator_checkpoint

    return load_generator_checkpoint(path, manifest.size)


def _e4e(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.checkpoints import load_e4e

    return load_e4e(path, num_layers=manifest.num_layers)


def _irse50(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.checkpoints import load_irse50

    return _in_recogniser(entry, load_irse50(path))


def _mobilefacenet(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.checkpoints import load_mobilefacenet

    return _in_recogniser(entry, load_mobilefacenet(path))


def _facenet(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.evaluator_checkpoints import load_facenet

    return _in_recogniser(entry, load_facenet(path))


def _sphereface(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.evaluator_checkpoints import load_sphereface

    return _in_recogniser(entry, load_sphereface(path))


def _ncnn_mobilefacenet(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.ncnn_weights import load_ncnn_mobilefacenet

    return _in_recogniser(entry, load_ncnn_mobilefacenet(path))


def _fid_inception(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.evaluator_checkpoints import load_fid_inception

    return load_fid_inception(path)


def _parsenet(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.checkpoints import load_parser

    return load_parser(path)


def _bisenet(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.checkpoints import load_bisenet

    return load_bisenet(path)


def _riddle(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.checkpoints import load_encryptor_checkpoint

    return load_encryptor_checkpoint(path, num_layers=manifest.num_layers)


def _vgg16(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.lpips_features import LPIPSFeatures

    network = LPIPSFeatures()
    network.load_trunk(tensors(read_checkpoint(path), path), str(path))
    return network


def _random_face(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    from riddle_pl.networks.formats.openvino_ir import load_mobile_stylegan

    return load_mobile_stylegan(path)


def _in_recogniser(entry: WeightEntry, backbone: nn.Module) -> nn.Module:
    """Public recognisers take crops: ``args`` say which part of an aligned image, and how large."""
    from riddle_pl.networks.recogniser import AlignedRecogniser

    crop, input_size = crop_of(entry.args)
    return AlignedRecogniser(backbone, crop, input_size)


_LOADERS: dict[str, Loader] = {
    "safetensors": _safetensors,
    "stylegan2": _stylegan2,
    "e4e": _e4e,
    "irse50": _irse50,
    "mobilefacenet": _mobilefacenet,
    "parsenet": _parsenet,
    "bisenet": _bisenet,
    "riddle": _riddle,
    "facenet": _facenet,
    "sphereface": _sphereface,
    "fid_inception": _fid_inception,
    "ncnn_mobilefacenet": _ncnn_mobilefacenet,
    "vgg16": _vgg16,
    "random_face": _random_face,
}
