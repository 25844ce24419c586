"""Cosine similarities would be taken of the wrong part of the face, or of embeddings that are not normalised."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from riddle_pl.errors import PackError
from riddle_pl.networks.formats.checkpoints import load_mobilefacenet
from riddle_pl.networks.mobilefacenet import MobileFaceNet
from riddle_pl.networks.recogniser import IRSE50_CROP, MOBILEFACENET_CROP, AlignedRecogniser, CropBox
from riddle_pl.networks.resize import resize


def test_the_crop_of_irse50_is_the_public_one() -> None:
    x = torch.randn(1, 3, 256, 256)
    assert torch.equal(IRSE50_CROP.cut(x), x[:, :, 35:223, 32:220])


@pytest.mark.parametrize("size", [64, 128, 256])
def test_the_crop_of_mobilefacenet_has_its_aspect_at_every_size(size: int) -> None:
    height, width = MOBILEFACENET_CROP.cut(torch.zeros(1, 3, size, size)).shape[2:]
    assert height * 96 == width * 112


@pytest.mark.parametrize("box", [(0.5, 0.5, 0.0, 1.0), (-0.1, 1.0, 0.0, 1.0), (0.0, 1.0, 0.2, 1.1)])
def test_a_box_outside_the_image_is_an_error(box: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="not inside the image"):
        CropBox(*box)


@pytest.mark.parametrize("size", [16, 32, 64, 100])
def test_any_image_size_gives_embeddings_of_unit_length(size: int) -> None:
    torch.manual_seed(0)
    recogniser = AlignedRecogniser(MobileFaceNet(8, (32, 32), 0.125), CropBox(0.1, 0.9, 0.2, 0.8), (32, 32)).eval()
    x = torch.rand(2, 3, size, size, requires_grad=True)
    out = recogniser(x)
    torch.testing.assert_close(out.norm(dim=1), torch.ones(2))
    out[:, 0].sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_only_the_box_is_seen() -> None:
    recogniser = AlignedRecogniser(nn.Flatten(), CropBox(0.25, 0.75, 0.25, 0.75), (4, 4))
    x = torch.rand(1, 3, 16, 16)
    outside = x.clone()
    outside[:, :, :4] = outside[:, :, 12:] = 9.0
    assert torch.equal(recogniser(x), recogniser(outside))


def test_shrinking_averages_and_enlarging_interpolates() -> None:
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    expected = torch.tensor([[2.5, 4.5], [10.5, 12.5]])[None, None]
    assert torch.equal(resize(x, (2, 2)), expected)
    assert resize(x, (4, 4)) is x
    assert resize(x, (2, 8)).shape == (1, 1, 2, 8)
    torch.testing.assert_close(resize(x, (8, 8)).mean(), x.mean())


def _lfw_pairs(shared: Path, per_kind: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The first same and different pairs of the list."""
    same, different = [], []
    for line in (shared / "data" / "lfw_pairs.txt").read_text().splitlines()[1:]:
        parts = line.split("\t")
        names = parts if len(parts) == 4 else [parts[0], parts[1], parts[0], parts[2]]
        pair = tuple(f"lfw/{n}/{n}_{int(i):04d}.jpg" for n, i in (names[:2], names[2:]))
        (different if len(parts) == 4 else same).append(pair)
    return same[:per_kind], different[:per_kind]


@pytest.mark.parametrize("size", [128, 64])
def test_a_real_recogniser_tells_people_apart_on_this_crop(shared: Path, size: int) -> None:
    weights, faces = shared / "weights" / "mobilefacenet_casia_068.ckpt", shared / "data" / "lfw_128.tar"
    if not (weights.is_file() and faces.is_file()):
        pytest.skip("real weights or LFW are absent")
    recogniser = AlignedRecogniser(load_mobilefacenet(weights), MOBILEFACENET_CROP, (112, 96)).eval()
    pairs = _lfw_pairs(shared, 25)
    with tarfile.open(faces) as tar, torch.no_grad():

        def embed(names: list[str]) -> Tensor:
            images = [np.array(Image.open(io.BytesIO(tar.extractfile(name).read()))) for name in names]
            x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / 127.5 - 1
            return recogniser(resize(x, (size, size)))

        same, different = ((embed([a for a, _ in p]) * embed([b for _, b in p])).sum(dim=1) for p in pairs)
    correct = ((same > 0.25).sum() + (different < 0.25).sum()) / 50
    assert correct >= 0.94


def test_embeddings_are_a_linear_map_of_features_of_unit_length() -> None:
    torch.manual_seed(0)
    recogniser = AlignedRecogniser(MobileFaceNet(8, (32, 32), 0.125), CropBox(0.1, 0.9, 0.2, 0.8), (32, 32)).eval()
    x = torch.rand(3, 3, 40, 40) * 2 - 1
    embedding, features = recogniser.with_features(x)
    torch.testing.assert_close(embedding, recogniser(x))
    torch.testing.assert_close(features.norm(dim=1), torch.ones(3))
    assert features.shape == (3, 64)


def test_features_of_another_backbone_are_an_error() -> None:
    with pytest.raises(PackError, match=r"the recogniser is a Flatten, whose features are not known"):
        AlignedRecogniser(nn.Flatten(), CropBox(0.0, 1.0, 0.0, 1.0), (8, 8)).with_features(torch.zeros(1, 3, 8, 8))
