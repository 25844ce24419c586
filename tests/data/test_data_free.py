"""If this fails, data-free training sees the wrong people, or other people when it is resumed."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.data import DataFreeDataModule
from riddle_pl.data.data_free import LatentSampler
from riddle_pl.data.steps import step_rng
from riddle_pl.errors import DataError
from riddle_pl.networks.code_model import GaussianCodeModel
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import build, load_pack
from riddle_pl.packs.write import write_pack_entry


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    return Generator(32, {4: 4, 8: 4, 16: 4, 32: 4}, mapping_layers=2)


def first_batches(pack: Any, count: int, **options: Any) -> list[torch.Tensor]:
    loader = iter(DataFreeDataModule(pack, batch_size=3, **options).train_dataloader())
    return [next(loader)["w"] for _ in range(count)]


def test_codes_are_the_generators_mapping_of_noise(generator: Generator) -> None:
    w = LatentSampler(generator)(3, step_rng(0))
    z = torch.randn(3, 512, generator=step_rng(0))
    assert w.shape == (3, 8, 512)
    assert torch.equal(w, generator.broadcast(generator.mapping(z)))
    assert not w.requires_grad


def test_truncation_pulls_towards_the_mean(generator: Generator) -> None:
    full, half = LatentSampler(generator)(3, step_rng(0)), LatentSampler(generator, 0.5)(3, step_rng(0))
    assert torch.allclose(half, (full + generator.mean_w()) / 2, atol=1e-5)


def test_style_mixing_takes_later_layers_from_a_second_person(generator: Generator) -> None:
    sample = LatentSampler(generator)
    plain, mixed = sample(20, step_rng(1)), sample(20, step_rng(1), style_mixing=0.5)
    changed = (plain != mixed).any(dim=2)
    assert 3 < changed.any(dim=1).sum() < 17
    assert not changed[:, 0].any()
    assert (changed.int().diff(dim=1) >= 0).all()  # once it is the second person it stays so


def test_offsets_part_the_groups_of_layers_and_leave_the_person(generator: Generator) -> None:
    model = GaussianCodeModel((2, 2, 4), rank=3)
    model.fit(generator)
    sample = LatentSampler(generator, code_model=model, offsets=1.5)
    plain, parted = LatentSampler(generator)(50, step_rng(1)), sample(50, step_rng(1))
    v = model.encode(parted)
    torch.testing.assert_close(parted[:, :2], plain[:, :2], rtol=0, atol=1e-5)
    torch.testing.assert_close(parted[:, 2], parted[:, 3])
    torch.testing.assert_close(model.decode(v), parted, rtol=0, atol=1e-3)
    strength = v[:, model.dim :].square().mean(dim=1).sqrt()
    assert 0.0 < float(strength.min()) < 0.5
    assert 1.0 < float(strength.max()) < 2.5


def test_offsets_are_drawn_in_training_and_validation(mobile_pack_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(mobile_pack_folder, tmp_path / "pack"))
    args = {"groups": [1] * 13 + [10], "rank": 2}
    write_pack_entry(folder, "code_model", build("code_model", args), "code_model", args, origin="identity")
    data = DataFreeDataModule(load_pack(folder), batch_size=2, val_samples=2, offsets=1.0)
    assert not data.equal_layers
    for w in (next(iter(data.train_dataloader()))["w"], next(iter(data.val_dataloader()))["w"], data.codes(2)):
        assert (w[:, 0] != w[:, 1]).any()


def test_offsets_need_a_code_model(tiny_pack: Any) -> None:
    with pytest.raises(DataError, match=r"data.offsets=0.5: pack tiny has no code model"):
        DataFreeDataModule(tiny_pack, offsets=0.5)


def test_sampler_does_not_follow_the_generator_to_another_device(generator: Generator) -> None:
    sample = LatentSampler(generator)
    assert all(p is not q for p, q in zip(sample.mapping.parameters(), generator.style.parameters(), strict=True))


def test_batches_depend_on_seed_step_and_rank_alone(tiny_pack: Any) -> None:
    batches = first_batches(tiny_pack, 3, seed=5)
    again = first_batches(tiny_pack, 3, seed=5)
    assert all(torch.equal(a, b) for a, b in zip(batches, again, strict=True))
    assert not torch.equal(batches[0], batches[1])
    assert not torch.equal(batches[0], first_batches(tiny_pack, 1, seed=6)[0])
    data = DataFreeDataModule(tiny_pack, batch_size=3, seed=5)
    assert torch.equal(data.train_batches(0, 2)[0][2]["w"], batches[2])
    assert not torch.equal(data.train_batches(1, 2)[0][2]["w"], batches[2])


def test_validation_faces_are_fixed(tiny_pack: Any) -> None:
    def faces(seed: int, mixing: float) -> torch.Tensor:
        data = DataFreeDataModule(tiny_pack, batch_size=4, seed=seed, val_samples=6, style_mixing=mixing)
        return torch.cat([batch["w"] for batch in data.val_dataloader()])

    assert faces(1, 0.0).shape == (6, 8, 512)
    assert torch.equal(faces(1, 0.0), faces(2, 0.9))


@pytest.mark.parametrize(
    "options",
    [
        {"truncation": 0.0},
        {"truncation": 1.5},
        {"style_mixing": -0.1},
        {"offsets": -0.1},
        {"val_samples": 0},
        {"steps_per_epoch": 0},
    ],
)
def test_impossible_values_are_named(tiny_pack: Any, options: dict[str, float]) -> None:
    with pytest.raises(DataError, match=f"data.{next(iter(options))}="):
        DataFreeDataModule(tiny_pack, **options)  # type: ignore[arg-type]
