"""If this fails, a head of the mobile pack learns from the wrong pictures, or a stopped run draws them all again."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from riddle_pl.data.face_set import recipe_rng
from riddle_pl.errors import ConfigError
from riddle_pl.networks.features import PackFeatures
from riddle_pl.networks.mobile_stylegan import MobileStyleGAN
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import build
from riddle_pl.pretraining import mobile_head, mobile_pictures
from riddle_pl.pretraining.mobile_head import MobileHeadRecipe
from riddle_pl.pretraining.mobile_pictures import drawn_pictures, wide_codes


class Plain(MobileStyleGAN):
    """The real network, whose pictures are cheap: features are drawn, the blocks above them are not."""

    def forward(self, w: Tensor) -> Tensor:
        value = w.mean(dim=(1, 2)).tanh()
        return value[:, None, None, None].expand(-1, 3, 1024, 1024)


@pytest.fixture(scope="module")
def generator() -> MobileStyleGAN:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Plain().requires_grad_(False)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mobile_pictures, "CHUNK", 2)
    monkeypatch.setattr(mobile_pictures, "MAPPED", 600)


def packs_with(generator: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = SimpleNamespace(generator=lambda: generator, load=lambda role: PackFeatures([2, 2, 2]))
    monkeypatch.setattr(mobile_head, "load_pack", lambda name, size=None: pack)


def recipe(folder: Path, size: int = 128) -> MobileHeadRecipe:
    return MobileHeadRecipe(
        "pack", str(folder), size, pictures=2, held_out=2, batch=2, steps=3, seed=1, width=8, depth=1
    )


def test_wide_codes_leave_w_and_depend_on_their_seed_alone(generator: MobileStyleGAN) -> None:
    one, again = (wide_codes(generator, 4, recipe_rng(0, 5)) for _ in range(2))
    assert torch.equal(one, again)
    assert one.shape == (4, 23, 512)
    assert (one.std(dim=1).mean(dim=1) > 0).all()
    assert not torch.equal(one, wide_codes(generator, 4, recipe_rng(0, 6)))


def test_pictures_are_drawn_once(generator: MobileStyleGAN, tmp_path: Path) -> None:
    said: list[str] = []
    codes, pictures = drawn_pictures(generator, 3, 7, tmp_path, said.append)
    assert said == ["drawn 2 of 3 pictures", "drawn 4 of 3 pictures"]
    assert codes.shape == (3, 23, 512)
    assert pictures.shape == (3, 3, 256, 256)
    value = (generator(codes)[:, 0, 0, 0] + 1) * 127.5
    torch.testing.assert_close(pictures[:, 0, 5, 5].float(), value.round())
    again, _ = drawn_pictures(generator, 3, 7, tmp_path, said.append)
    assert len(said) == 2
    assert torch.equal(codes, again)


@pytest.mark.parametrize("size", [128, 256])
def test_a_step_moves_the_head_alone_towards_the_pictures(
    generator: MobileStyleGAN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    packs_with(generator, monkeypatch)
    one = recipe(tmp_path, size)
    assert {name.split(".")[0] for name, _ in one.named_parameters()} == {"head"}
    monkeypatch.setattr(one, "next_step", lambda: 0)
    monkeypatch.setattr(one, "log_dict", lambda *args, **kwargs: None)
    optimizer = torch.optim.Adam(one.head.parameters(), 1e-2)
    losses = []
    for _ in range(3):
        loss = one.training_step(0, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert one.samples().shape[1:] == (3, size, size)
    assert {name.split(" in ")[0] for name in one.figures()} >= {"PSNR"}


def test_the_role_builds_what_was_trained(
    generator: MobileStyleGAN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packs_with(generator, monkeypatch)
    [role] = recipe(tmp_path).pack_roles()
    assert role.role == "head-128"
    build(role.arch, role.args).load_state_dict(role.network.state_dict(), strict=True)


def test_another_generator_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packs_with(Generator(8, {4: 4, 8: 4}), monkeypatch)
    with pytest.raises(ConfigError, match="heads are for MobileStyleGAN"):
        recipe(tmp_path)
