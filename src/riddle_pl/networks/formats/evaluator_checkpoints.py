"""Loaders for the public checkpoints of networks for evaluation. All load strictly and return eval mode.

The training classifier in the file is dropped; its keys must be present.
All raise ``CheckpointError`` for a file that is missing, damaged or of another network.
"""

from collections.abc import Iterable
from pathlib import Path

from torch import Tensor

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.facenet import FaceNet
from riddle_pl.networks.fid_inception import FIDInception
from riddle_pl.networks.formats.checkpoint_files import load_strict, read_checkpoint, some, tensors
from riddle_pl.networks.sphereface import SphereFace20


def load_sphereface(path: Path | str) -> SphereFace20:
    """SphereFace-20 in the format of ``sphere20a_20171020.pth``: a bare state dict with the classifier ``fc6``."""
    state = _without(tensors(read_checkpoint(path), path), ["fc6.weight"], path)
    network = SphereFace20()
    load_strict(network, state, str(path))
    return network.eval()


def load_facenet(path: Path | str) -> FaceNet:
    """FaceNet in the format of ``20180402-114759-vggface2.pt``: a bare state dict with the classifier ``logits``."""
    state = _without(tensors(read_checkpoint(path), path), ["logits.weight", "logits.bias"], path)
    network = FaceNet()
    load_strict(network.body, state, str(path))
    return network.eval()


def load_fid_inception(path: Path | str) -> FIDInception:
    """FID's Inception in the format of ``pt_inception-2015-12-05-6726825d.pth``: a bare state dict."""
    network = FIDInception()
    load_strict(network.body, tensors(read_checkpoint(path), path), str(path))
    return network.eval()


def _without(state: dict[str, Tensor], classifier: Iterable[str], path: Path | str) -> dict[str, Tensor]:
    if absent := [key for key in classifier if key not in state]:
        raise CheckpointError(f"{path} has no {some(absent)}; its keys are {some(state)}; is it another network's?")
    return {key: value for key, value in state.items() if key not in set(classifier)}
