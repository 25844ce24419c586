"""If this fails, the rows of the small re-implementations are not of the networks in the pack, or not repeatable."""

import shutil
from pathlib import Path

import pytest
import torch

from riddle_pl.errors import PackError
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.evaluation.methods.small import CiaganSmallMethod, DeepPrivacySmallMethod, FitSmallMethod
from riddle_pl.networks.small_methods.ciagan import CiaganSmall
from riddle_pl.networks.small_methods.deepprivacy import DeepPrivacySmall
from riddle_pl.networks.small_methods.fit import FitSmall
from riddle_pl.packs import Pack, load_pack
from riddle_pl.packs.write import write_pack_entry

WIDTHS = [4, 6, 8]
NAMES = ["a", "b"]


@pytest.fixture(scope="module")
def pack(tiny_pack_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    folder = Path(shutil.copytree(tiny_pack_folder, tmp_path_factory.mktemp("small") / "pack"))
    torch.manual_seed(0)
    for role, network, args in (
        ("fit_small", FitSmall(16, WIDTHS), {"bits": 16}),
        ("ciagan_small", CiaganSmall(7, WIDTHS), {"people": 7}),
        ("deepprivacy_small", DeepPrivacySmall(3, WIDTHS), {"noise": 3}),
    ):
        write_pack_entry(folder, role, network, role, {**args, "widths": WIDTHS}, origin="a test")
    return load_pack(folder)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_fit_recovers_with_the_negated_bits(pack: Pack, x: torch.Tensor) -> None:
    method = FitSmallMethod(pack, TextPasswords(), device="cpu")
    images = method.images(NAMES, x)
    keys = [TextPasswords().keys(0, name) for name in NAMES]
    p = method.bits([key.right for key in keys])
    assert p.shape == (2, 16)
    assert set(p.unique().tolist()) == {-1.0, 1.0}
    network = pack.load("fit_small")
    with torch.no_grad():
        x_enc = network(x, p).clamp(-1, 1)
        x_dec = network(x_enc, -p).clamp(-1, 1)
        x_wrong = network(x_enc, -method.bits([key.wrong for key in keys])).clamp(-1, 1)
    assert list(images) == ["photo", "encrypted", "encrypted_2", "recovered", "wrong", "near_miss"]
    for name, expected in {"photo": x, "encrypted": x_enc, "recovered": x_dec, "wrong": x_wrong}.items():
        torch.testing.assert_close(images[name], expected, rtol=1e-4, atol=1e-5)
    many = method.encryptions("b", x[1:], 22)
    assert {name: len(some) for name, some in many.items()} == {"encrypted": 22, "wrong": 22}
    torch.testing.assert_close(many["wrong"][:3], method.encryptions("b", x[1:], 3)["wrong"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [CiaganSmallMethod, DeepPrivacySmallMethod])
def test_who_is_painted_depends_on_seed_and_name(pack: Pack, x: torch.Tensor, kind) -> None:
    method = kind(pack, seed=0, device="cpu")
    images = method.images(NAMES, x)
    assert list(images) == ["photo", "encrypted"]
    torch.testing.assert_close(method.images(["b"], x[1:])["encrypted"], images["encrypted"][1:], rtol=1e-4, atol=1e-5)
    same_place = method.images([f"face {number}" for number in range(6)], x[:1].expand(6, -1, -1, -1))["encrypted"]
    assert (same_place - same_place[:1]).abs().amax(dim=(1, 2, 3)).max() > 1e-4
    other = kind(pack, seed=1, device="cpu").images([f"face {k}" for k in range(6)], x[:1].expand(6, -1, -1, -1))
    assert (other["encrypted"] - same_place).abs().max() > 1e-4
    many = method.encryptions("a", x[:1], 22)
    assert {name: some.shape for name, some in many.items()} == {"encrypted": (22, 3, 32, 32)}
    torch.testing.assert_close(many["encrypted"][:2], method.encryptions("a", x[:1], 2)["encrypted"])


@pytest.mark.parametrize("kind", [FitSmallMethod, CiaganSmallMethod, DeepPrivacySmallMethod])
def test_reports_name_network_and_paper(pack: Pack, tiny_pack: Pack, kind) -> None:
    given = (TextPasswords(),) if kind is FitSmallMethod else ()
    method = kind(pack, *given, device="cpu")
    method.check()
    assert method.sha256 == method.facts["networks"][method.role]["sha256"]
    assert method.size == 32
    assert method.paper in method.notes[0]
    assert "not its authors'" in method.notes[0]
    assert ("parser" in method.facts["networks"]) == method.needs_parser
    with pytest.raises(PackError, match=f"has no {method.role}. To train one: .* recipe={method.role} "):
        kind(tiny_pack, *given, device="cpu").check()
