"""Reading the wheel of ``random-face``: MobileStyleGAN as two OpenVINO graphs (IR version 10), without OpenVINO.

A graph is an XML file that lists layers, and a file of raw bytes. Its ``Const`` layers hold the weights, named as the
PyTorch modules were or, where the exporter folded something in, with the number of the operation.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import torch
from torch import Tensor

from riddle_pl.errors import CheckpointError, one_line
from riddle_pl.networks.formats.checkpoint_files import load_strict
from riddle_pl.networks.mobile_stylegan import CHANNELS, MAPPING_LAYERS, MobileStyleGAN
from riddle_pl.networks.stylegan2 import LEAKY_GAIN

FOLDER = "random_face/data"
MAX_BYTES = 1 << 26
"""Of a file in the wheel, and of a graph's constants, which may overlap there; the wheel's own have 32 MB at most."""
DTYPES: dict[str, type[np.generic]] = {"f32": np.float32, "i64": np.int64, "i32": np.int32}


def load_mobile_stylegan(wheel: Path) -> MobileStyleGAN:
    """The generator, of 1024 px, with the weights in the wheel ``random_face-2021.7.21.1``.

    Raises:
        CheckpointError: not that wheel, or damaged.
    """
    network = MobileStyleGAN()
    try:
        with zipfile.ZipFile(wheel) as archive:
            mapping, synthesis = (_constants(archive, name) for name in ("MappingNetwork", "SynthesisNetwork"))
        state = dict(_mapping_weights(mapping)) | dict(_synthesis_weights(synthesis))
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, TypeError, ElementTree.ParseError) as error:
        raise CheckpointError(
            f"{wheel} does not hold the two graphs of random-face 2021.7.21.1 ({one_line(error)}); get it again"
        ) from None
    load_strict(network, state, str(wheel))
    return network


def _constants(archive: zipfile.ZipFile, name: str) -> dict[str, Tensor]:
    """The constants of a graph by name."""
    xml, raw = (_member(archive, f"{FOLDER}/{name}.{ending}") for ending in ("xml", "bin"))
    root = ElementTree.fromstring(xml)
    constants = {}
    read = 0
    for layer in root.iterfind("./layers/layer[@type='Const']"):
        data = layer.find("data")
        if data is None:
            raise ValueError(f"constant {layer.get('name')} of {name} has no data")
        dtype = DTYPES[data.attrib["element_type"]]
        shape = [int(side) for side in data.attrib["shape"].split(",") if side.strip()]
        start, length = int(data.attrib["offset"]), int(data.attrib["size"])
        read += length
        if read > MAX_BYTES:
            raise ValueError(f"{name} has constants of more than {MAX_BYTES} bytes")
        values = np.frombuffer(raw[start : start + length], dtype).reshape(shape)
        constants[layer.attrib["name"]] = torch.from_numpy(values.copy())
    return constants


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if (size := archive.getinfo(name).file_size) > MAX_BYTES:
        raise ValueError(f"{name} has {size} bytes")
    return archive.read(name)


def _mapping_weights(constants: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Each layer ends in the gain of the leaky ReLU, a constant."""
    for k in range(MAPPING_LAYERS):
        gain = constants[f"Constant_{17 + 11 * k}"].item()
        if abs(gain - LEAKY_GAIN) > 1e-6:
            raise ValueError(f"the gain of mapping layer {k} is {gain}, not {LEAKY_GAIN}")
        yield f"style.{k + 1}.weight", constants[str(173 + 4 * k)]
        yield f"style.{k + 1}.bias", constants[str(174 + 4 * k)]


def _synthesis_weights(constants: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Modules of the graph to those of :class:`MobileStyleGAN`.

    Constant style factors are folded into the layer. Channels that feed a wavelet transform are reordered: the graph
    has the low band first and the other three interleaved.
    """

    def modulation(source: str, target: str, factor: str | None = None) -> Iterator[tuple[str, Tensor]]:
        scale = 1.0 if factor is None else constants[factor].item()
        yield f"{target}.modulation.weight", constants[f"{source}.modulation.weight"] * scale
        yield f"{target}.modulation.bias", constants[f"{source}.modulation.bias"].reshape(-1) * scale

    yield "conv1.input", constants["m.input.input"]
    yield from modulation("m.conv1.conv", "conv1", "Constant_18")
    yield "conv1.dense.weight", _bands(constants["Mul_39_copy"])
    yield "conv1.dense.bias", _bands(constants["m.conv1.bias"].reshape(-1))
    yield "conv1.noise", constants["1531"][0, 0, :, :, None]
    for k in range(len(CHANNELS)):
        graph, block = f"m.layers.{k}", f"blocks.{k}"
        yield from ((key, _bands(value)) for key, value in modulation(f"{graph}.up", f"{block}.up"))
        for conv, factor, mix, noise in (("conv1", 84, 106, 1560), ("conv2", 117, 139, 1572)):
            source, target = f"{graph}.{conv}", f"{block}.{conv}"
            weight, bias = constants[f"Mul_{mix + 100 * k}_copy"][:, :, 0, 0], constants[f"{source}.bias"].reshape(-1)
            feeds_wavelet = conv == "conv2" and k < len(CHANNELS) - 1
            yield from modulation(f"{source}.conv", target, f"Constant_{factor + 100 * k}")
            yield f"{target}.depthwise.weight", constants[f"{source}.conv.weight_dw"].flatten(0, 1)
            yield f"{target}.pointwise.weight", _bands(weight) if feeds_wavelet else weight
            yield f"{target}.pointwise.bias", _bands(bias) if feeds_wavelet else bias
            yield f"{target}.noise", constants[str(noise + 41 * k)][0, 0, :, :, None]
    last = f"m.layers.{len(CHANNELS) - 1}.to_img"
    yield from modulation(f"{last}.conv", "head", "Constant_750")
    yield "head.pointwise.weight", _bands(constants[f"{last}.conv.weight"][:, :, 0, 0])
    yield "head.pointwise.bias", _bands(constants[f"{last}.bias"].reshape(-1))


def _bands(rows: Tensor) -> Tensor:
    """Rows of wavelet bands as (low, vertical, horizontal, diagonal), each a quarter."""
    quarter = rows.shape[0] // 4
    details = rows[quarter:].reshape(quarter, 3, *rows.shape[1:]).transpose(0, 1)
    return torch.cat([rows[:quarter], details.flatten(0, 1)])
