"""From a verified weight file to a network: our safetensors files and the public checkpoint formats."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from riddle_pl.errors import CheckpointError, PackError, one_line
from riddle_pl.networks.formats.checkpoint_files import load_strict
from riddle_pl.networks.recogniser import AlignedRecogniser
from riddle_pl.packs.architectures import build, crop_of
from riddle_pl.packs.manifest import Manifest, WeightEntry

METADATA = "riddle"
"""Key of a weight file's metadata."""


def load_network(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    """Builds the network of an entry and loads its weights strictly.

    Raises:
        PackError: the network is for another image size or number of layers than the pack.
        CheckpointError: the file does not fit the architecture.
    """
    network = (_safetensors if entry.format == "safetensors" else _public)(entry, path, manifest)
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


_READERS: Mapping[str, str] = {
    "stylegan2": "checkpoints.load_generator_checkpoint",
    "e4e": "checkpoints.load_e4e",
    "riddle": "checkpoints.load_encryptor_checkpoint",
    "irse50": "checkpoints.load_irse50",
    "mobilefacenet": "checkpoints.load_mobilefacenet",
    "parsenet": "checkpoints.load_parser",
    "bisenet": "checkpoints.load_bisenet",
    "vgg16": "checkpoints.load_lpips",
    "facenet": "evaluator_checkpoints.load_facenet",
    "sphereface": "evaluator_checkpoints.load_sphereface",
    "fid_inception": "evaluator_checkpoints.load_fid_inception",
    "ncnn_mobilefacenet": "ncnn_weights.load_ncnn_mobilefacenet",
    "random_face": "openvino_ir.load_mobile_stylegan",
}
"""Module and function in ``riddle_pl.networks.formats`` of each public format; imported when a file is read."""

_RECOGNISERS = ("irse50", "mobilefacenet", "facenet", "sphereface", "ncnn_mobilefacenet")
"""Formats of recognisers, which take crops: the entry's arguments say which part of an aligned image, and how large."""


def _public(entry: WeightEntry, path: Path, manifest: Manifest) -> nn.Module:
    layers = {"num_layers": manifest.num_layers}
    needed = {"stylegan2": {"size": manifest.size}, "e4e": layers, "riddle": layers}
    module, _, function = _READERS[entry.format].partition(".")
    read = getattr(import_module(f"riddle_pl.networks.formats.{module}"), function)
    network: nn.Module = read(path, **needed.get(entry.format, {}))
    return AlignedRecogniser(network, *crop_of(entry.args)) if entry.format in _RECOGNISERS else network
