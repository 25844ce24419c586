"""Loaders for the public checkpoint formats. Each infers widths and depths from the file, then loads strictly.

All return networks in eval mode. All raise ``CheckpointError`` for a file that is missing, damaged, of another network
or of another number of layers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, groupby, takewhile
from pathlib import Path

import torch
from torch import Tensor

from riddle_pl.errors import CheckpointError, RiddleError, one_line
from riddle_pl.networks.bisenet import BiSeNet
from riddle_pl.networks.code_size import num_layers
from riddle_pl.networks.e4e import E4EEncoder, E4EInverter
from riddle_pl.networks.encryptors.checkpoint import encryptor_from_state
from riddle_pl.networks.encryptors.mlp import MLPEncryptor
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.networks.formats.checkpoint_files import (
    State,
    load_strict,
    read_checkpoint,
    some,
    state_dict_under,
    tensors,
)
from riddle_pl.networks.irse import IRSE, PUBLIC_BLOCKS, PUBLIC_WIDTHS
from riddle_pl.networks.lpips_features import LPIPSFeatures
from riddle_pl.networks.mobilefacenet import SHRINK, MobileFaceNet
from riddle_pl.networks.parser_unet import FaceParserUNet
from riddle_pl.networks.size_limit import build_within_limits
from riddle_pl.networks.stylegan2 import Generator

__all__ = [
    "load_bisenet",
    "load_e4e",
    "load_encryptor_checkpoint",
    "load_generator_checkpoint",
    "load_irse50",
    "load_lpips",
    "load_mobilefacenet",
    "load_parser",
    "load_strict",
]


def load_generator_checkpoint(path: Path | str, size: int) -> Generator:
    """StyleGAN2 in the format of the common PyTorch port: key ``g_ema`` (``stylegan2-ffhq-256.pt``).

    Raises:
        CheckpointError: also when the file is for another size, or has no noise maps. Without them every process would
            draw its own, and the same code would give different images; other loaders let this pass in silence.
    """
    state = state_dict_under(read_checkpoint(path), ["g_ema"], path)
    levels = _count(state, "to_rgbs.{}.bias")
    if levels and 2 * levels + 2 != num_layers(size):
        raise CheckpointError(
            f"{path} has {2 * levels + 2} layers ({4 * 2**levels} px); {num_layers(size)} layers ({size} px) are needed"
        )
    if "conv1.conv.weight" in state and not any(key.startswith("noises.") for key in state):
        raise CheckpointError(
            f"{path} has no noise maps (noises.noise_0 to noise_{num_layers(size) - 2}): images would differ from "
            f"process to process; convert it again with a version that stores them"
        )
    first = _dim(state, "conv1.conv.weight", 1, 512)
    channels = {4: first}
    for level in range(num_layers(size) // 2 - 1):
        channels[8 * 2**level] = _dim(state, f"convs.{2 * level}.conv.weight", 1, 512)
    style_dim = _dim(state, "style.1.weight", 1, 512)
    mapping_layers = _count(state, "style.{}.weight", start=1) or 8
    with _naming(path):
        generator = build_within_limits(lambda: Generator(size, channels, style_dim, mapping_layers=mapping_layers))
    load_strict(generator, state, f"{path} [g_ema]")
    return generator.eval()


def load_e4e(path: Path | str, num_layers: int | None = None) -> E4EInverter:
    """An e4e checkpoint: ``state_dict`` with ``encoder.`` keys, and ``latent_avg``. Its decoder is not used.

    Args:
        path: such as ``e4e_ffhq_encode.pt``.
        num_layers: W+ layers that are needed (14 at 256 px, 18 at 1024 px); any by default.

    Raises:
        CheckpointError: also when the file is for another number of layers.
    """
    content = read_checkpoint(path)
    whole = state_dict_under(content, ["state_dict"], path)
    state = {key.removeprefix("encoder."): value for key, value in whole.items() if key.startswith("encoder.")}
    if not state:
        raise CheckpointError(f"{path} [state_dict] has no encoder. keys; it has {some(whole)}; is it e4e's?")
    layers = _count(state, "styles.{}.linear.weight")
    if num_layers is not None and layers != num_layers:
        raise CheckpointError(f"{path} has {layers} layers; {num_layers} layers are needed ({_sizes(num_layers)} px)")
    latent_avg = content.get("latent_avg")
    if not isinstance(latent_avg, Tensor):
        raise CheckpointError(f"{path} has no tensor latent_avg; its keys are {some(content)}")
    opts = content.get("opts")
    if isinstance(opts, dict) and opts.get("start_from_latent_avg") is False:
        latent_avg = torch.zeros_like(latent_avg)
    widths, blocks = _body(state)
    side = 2 ** _count(state, "styles.0.convs.{}.weight", step=2)
    dim = _dim(state, "styles.0.linear.weight", 0, 512)
    with _naming(path):
        encoder = build_within_limits(lambda: E4EEncoder(16 * side, layers, widths, blocks, dim))
        load_strict(encoder, state, f"{path} [state_dict]")
        return E4EInverter(encoder, latent_avg.float()).eval()


def load_irse50(path: Path | str) -> IRSE:
    """The ArcFace recogniser in the format of ``model_ir_se50.pth``: a bare state dict."""
    state = tensors(read_checkpoint(path), path)
    widths, blocks = _body(state)
    embedding, features = _dim(state, "output_layer.3.weight", 0, 512), _dim(state, "output_layer.3.weight", 1, 25088)
    side = round((features / widths[-1]) ** 0.5)
    with _naming(path):
        network = build_within_limits(lambda: IRSE(widths, blocks, embedding, side * 2 ** len(widths)))
    load_strict(network, state, str(path))
    return network.eval()


def load_mobilefacenet(path: Path | str) -> MobileFaceNet:
    """MobileFaceNet in the format of ``068.ckpt``: key ``net_state_dict`` (or ``state_dict``)."""
    state = state_dict_under(read_checkpoint(path), ["net_state_dict", "state_dict"], path)
    height, breadth = _dim(state, "linear7.conv.weight", 2, 7), _dim(state, "linear7.conv.weight", 3, 6)
    embedding, stem = _dim(state, "linear1.conv.weight", 0, 128), _dim(state, "conv1.conv.weight", 0, 64)
    input_size = (height * SHRINK, breadth * SHRINK)
    with _naming(path):
        network = build_within_limits(lambda: MobileFaceNet(embedding, input_size, stem / 64))
    load_strict(network, state, str(path))
    return network.eval()


def load_parser(path: Path | str) -> FaceParserUNet:
    """The face parser in the format of ``parsenet.pth``: a bare state dict."""
    state = tensors(read_checkpoint(path), path)
    names = ("conv1", "conv2", "conv3", "conv4", "center")
    widths = [_dim(state, f"{name}.conv1.0.weight", 0, 16 * 2**level) for level, name in enumerate(names)]
    with _naming(path):
        network = build_within_limits(lambda: FaceParserUNet(_dim(state, "final.weight", 0, 19), widths))
    load_strict(network, state, str(path))
    return network.eval()


def load_bisenet(path: Path | str) -> BiSeNet:
    """The face parser of the photo pipeline's masks in the format of ``79999_iter.pth``: a bare state dict."""
    state = tensors(read_checkpoint(path), path)
    with _naming(path):
        network = build_within_limits(lambda: BiSeNet(_dim(state, "conv_out.conv_out.weight", 0, 19)))
    load_strict(network, state, str(path))
    return network.eval()


def load_lpips(path: Path | str) -> LPIPSFeatures:
    """LPIPS's features, their trunk in the format of torchvision's ``vgg16-397923af.pth``: a bare state dict."""
    network = LPIPSFeatures()
    network.load_trunk(tensors(read_checkpoint(path), path), str(path))
    return network.eval()


def load_encryptor_checkpoint(
    path: Path | str, num_layers: int | None = None
) -> TransformerPaperEncryptor | MLPEncryptor:
    """An encryptor trained with the authors' code: ``mapper_state_dict``, and ``opts`` where present.

    Args:
        path: such as ``iteration_90000.pt``.
        num_layers: W+ layers that are needed; by default those of the file, or 14 when it does not say.

    Raises:
        CheckpointError: also when ``opts`` contradicts the weights, or the file is for another number of layers.
    """
    content = read_checkpoint(path)
    state = state_dict_under(content, ["mapper_state_dict"], path)
    opts = content.get("opts")
    with _naming(path):
        options = opts if isinstance(opts, dict) else {}
        network = build_within_limits(lambda: encryptor_from_state(state, options, num_layers, str(path)))
    load_strict(network, state, f"{path} [mapper_state_dict]")
    return network.eval()


def _count(state: State, pattern: str, start: int = 0, step: int = 1) -> int:
    """How many consecutive keys ``pattern.format(i)`` there are."""
    return sum(1 for _ in takewhile(lambda index: pattern.format(index) in state, count(start, step)))


def _dim(state: State, key: str, axis: int, default: int) -> int:
    """A dimension of a tensor, or the public one where the key is absent: ``load_strict`` then names it."""
    tensor = state.get(key)
    return default if tensor is None or tensor.ndim <= axis or not tensor.shape[axis] else tensor.shape[axis]


def _body(state: State) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Widths and numbers of units of the stages of an IR-SE body; a stage ends where the width changes."""
    units = _count(state, "body.{}.res_layer.3.weight")
    runs = groupby(_dim(state, f"body.{unit}.res_layer.3.weight", 0, 64) for unit in range(units))
    stages = [(width, len(list(same))) for width, same in runs]
    return (tuple(w for w, _ in stages), tuple(n for _, n in stages)) if stages else (PUBLIC_WIDTHS, PUBLIC_BLOCKS)


def _sizes(layers: int) -> int:
    return int(2 ** (layers / 2 + 1))


@contextmanager
def _naming(path: Path | str) -> Iterator[None]:
    """Turns a constructor's error about inferred arguments into one that names the file."""
    try:
        yield
    except RiddleError:
        raise
    except Exception as error:  # constructors of torch raise almost any type on sizes that no network has
        raise CheckpointError(f"{path} does not fit: {one_line(error)}") from None
