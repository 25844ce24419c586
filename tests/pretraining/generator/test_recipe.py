"""A failure here: a 64 px generator would not start from what the 32 px one has learnt."""

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from riddle_pl.data.face_set import FaceSet
from riddle_pl.errors import CheckpointError, ConfigError
from riddle_pl.pretraining.generator.recipe import GeneratorRecipe

CHANNELS = {4: 8, 8: 8, 16: 8, 32: 8, 64: 4}


def recipe(size: int, warm_start: Path | None = None, steps: int = 1, judge_ahead: int = 0) -> GeneratorRecipe:
    faces = FaceSet(torch.randint(256, (8, 3, size, size), dtype=torch.uint8), [str(index) for index in range(8)])
    start = None if warm_start is None else str(warm_start)
    return GeneratorRecipe(
        faces,
        size,
        CHANNELS,
        batch=4,
        steps=steps,
        seed=0,
        judge_ahead=judge_ahead,
        redrawn=2,
        turned=1,
        warm_start=start,
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[GeneratorRecipe, Path]:
    torch.manual_seed(1)
    network = recipe(32)
    path = tmp_path_factory.mktemp("small") / "last.ckpt"
    torch.save({"state_dict": network.state_dict()}, path)
    return network, path


def test_growing_keeps_the_weights_of_every_shared_resolution(small: tuple[GeneratorRecipe, Path]) -> None:
    old, path = small
    torch.manual_seed(2)
    new = recipe(64, path)
    own, before = new.generator.state_dict(), old.average.module.state_dict()
    assert set(before) < set(own)
    for key, value in before.items():
        assert torch.equal(own[key], value), key
    for name in ("discriminator", "encoder"):
        grown, core = getattr(new, name), getattr(old, name)
        for bigger, smaller in zip(grown.blocks[1:], core.blocks, strict=True):
            for key, value in smaller.state_dict().items():
                assert torch.equal(bigger.state_dict()[key], value), f"{name}: {key}"
    assert torch.equal(new.discriminator.final_linear.weight, old.discriminator.final_linear.weight)
    assert torch.equal(new.average.module.state_dict()["style.1.weight"], own["style.1.weight"])


def test_resolutions_above_the_size_are_left_out() -> None:
    assert recipe(32).channels == {4: 8, 8: 8, 16: 8, 32: 8}


@pytest.mark.parametrize(("steps", "draws_better"), [(2, False), (3, True)])
def test_the_judge_learns_alone_at_first(steps: int, draws_better: bool, quiet_trainer: pl.Trainer) -> None:
    network = recipe(32, steps=steps, judge_ahead=2)
    drawing, judging = network.generator.conv1.conv.weight, network.discriminator.from_rgb.weight
    drawn_before, judged_before = drawing.detach().clone(), judging.detach().clone()
    quiet_trainer.fit(network)
    assert not torch.equal(judging, judged_before)
    assert torch.equal(drawing, drawn_before) != draws_better


def test_noise_is_never_learnt() -> None:
    network = recipe(32)
    optimised = {
        id(p) for optimizer in network.configure_optimizers() for g in optimizer.param_groups for p in g["params"]
    }
    silent = [p for name, p in network.generator.named_parameters() if "noise" in name]
    assert silent
    assert all(id(p) not in optimised and (p == 0).all() for p in silent)


def test_a_checkpoint_that_is_no_smaller_version_is_refused(
    small: tuple[GeneratorRecipe, Path], tmp_path: Path
) -> None:
    path = tmp_path / "other.ckpt"
    wider = {key: torch.zeros(3, 3) for key in small[0].state_dict()}
    torch.save({"state_dict": wider}, path)
    with pytest.raises(CheckpointError, match=r"other\.ckpt is no smaller version of this network: .* does not fit"):
        recipe(64, path)
    path.write_bytes(b"junk")
    with pytest.raises(CheckpointError, match=r"other\.ckpt is not a readable PyTorch checkpoint"):
        recipe(64, path)


def test_identity_needs_a_judge_and_a_run_has_one_start(small: tuple[GeneratorRecipe, Path]) -> None:
    faces = small[0].faces
    with pytest.raises(ConfigError, match=r"recipe\.identity is 1\.0 and there is no recipe\.teacher"):
        GeneratorRecipe(faces, 32, CHANNELS, batch=8, steps=1, seed=0, identity=1.0)
    with pytest.raises(ConfigError, match=r"recipe\.apart is 0\.5 and there is no recipe\.teacher"):
        GeneratorRecipe(faces, 32, CHANNELS, batch=8, steps=1, seed=0, apart=0.5)
    with pytest.raises(ConfigError, match=r"recipe\.warm_start and recipe\.start_pack"):
        GeneratorRecipe(faces, 32, CHANNELS, batch=8, steps=1, seed=0, warm_start="a", start_pack="b")


def test_the_sheet_shows_people_then_faces_above_their_redrawings_and_others() -> None:
    assert recipe(32).samples().shape == (48 + 8 + 8 + 8, 3, 32, 32)


def test_only_codes_that_are_read_can_be_turned(small: tuple[GeneratorRecipe, Path]) -> None:
    faces = small[0].faces
    for redrawn, turned in ((0, 0), (1, 2), (3, 2)):
        with pytest.raises(
            ConfigError, match=rf"recipe\.redrawn is {redrawn}, with recipe\.turned {turned} in a batch"
        ):
            GeneratorRecipe(faces, 32, CHANNELS, batch=4, steps=1, seed=0, redrawn=redrawn, turned=turned)
